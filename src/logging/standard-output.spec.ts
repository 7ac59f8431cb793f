import { setImmediate as nextTurn } from 'node:timers/promises';
import { StandardOutput } from './standard-output.js';

function arrange() {
  const written: string[] = [];
  return { written, output: new StandardOutput({ write: (text) => written.push(text) }) };
}

describe('standard output', () => {
  it('gets the lines of one turn of the event loop in one, in their order', async () => {
    const { written, output } = arrange();
    output.write('1\n', false);
    output.write('2\n', false);
    expect(written).toEqual([]);
    await nextTurn();
    output.write('3\n', false);
    await nextTurn();
    expect(written).toEqual(['1\n2\n', '3\n']);
  });

  it('gets an urgent line at once, and what came before it first', async () => {
    const { written, output } = arrange();
    output.write('1\n', false);
    output.write('2\n', true);
    expect(written).toEqual(['1\n2\n']);
    await nextTurn();
    expect(written).toHaveLength(1);
  });

  it('is not kept waiting for more than so much', () => {
    const { written, output } = arrange();
    const line = `${'x'.repeat(999)}\n`;
    for (let i = 0; i < 100; i++) {
      output.write(line, false);
    }
    expect(written.join('').length).toBeGreaterThanOrEqual(65_000);
  });
});
