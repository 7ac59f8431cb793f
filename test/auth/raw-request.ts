import type { Answer } from '../support/api-client.js';
import { KEYS } from '../support/api-client.js';
import type { TestApp } from '../support/test-app.js';
import { RawClient } from '../http/raw-client.js';

/** Lists keys with exactly these header lines, byte for byte (latin1), repeated ones included. */
export async function listWithHeaders({ url }: Pick<TestApp, 'url'>, lines: readonly string[]): Promise<Answer> {
  const client = await RawClient.connect(Number(new URL(url).port));
  client.send([`GET ${KEYS}?limit=1 HTTP/1.1`, 'Host: test', 'Connection: close', ...lines, '', ''].join('\r\n'));
  const [answer] = await client.answersUntilClose();
  if (answer === undefined) {
    throw new Error('no answer came');
  }
  const body = JSON.parse(Buffer.from(answer.body, 'latin1').toString('utf8')) as Answer['body'];
  return { status: answer.status, headers: new Headers(answer.headers), body };
}
