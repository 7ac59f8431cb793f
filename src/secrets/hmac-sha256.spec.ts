import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { HmacSha256 } from './hmac-sha256.js';

describe('HMAC-SHA-256', () => {
  it("is the one of RFC 4231's test cases", () => {
    const jefe = new HmacSha256(Buffer.from('Jefe')).digest('what do ya want for nothing?').toString('hex');
    expect(jefe).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
    const longKey = new HmacSha256(Buffer.alloc(131, 0xaa)).digest(
      'Test Using Larger Than Block-Size Key - Hash Key First',
    );
    expect(longKey.toString('hex')).toBe('60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54');
  });

  it('is what Node makes of any key and any messages, one after the other', () => {
    const message = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 140 }),
        fc.array(message, { minLength: 1, maxLength: 5 }),
        (key, messages) => {
          const hmac = new HmacSha256(key);
          for (const bytes of messages) {
            const expected = createHmac('sha256', key).update(bytes).digest('hex');
            const text = Buffer.from(bytes).toString('latin1');
            expect(hmac.digest(text).toString('hex')).toBe(expected);
            expect(hmac.matches(text, Buffer.from(expected, 'hex').toString('latin1'))).toBe(true);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is not that of another message, nor a piece of it, nor more than it', () => {
    const hmac = new HmacSha256(Buffer.alloc(32, 1));
    const digest = hmac.digest('a').toString('latin1');
    const others = [hmac.digest('b').toString('latin1'), digest.slice(0, -1), digest.slice(1), `${digest}\0`, ''];
    expect(others.map((other) => hmac.matches('a', other))).toEqual(Array(5).fill(false));
    expect(hmac.matches('a', digest)).toBe(true);
  });

  it('gives each digest bytes of its own', () => {
    const hmac = new HmacSha256(Buffer.alloc(32, 1));
    const first = hmac.digest('a');
    const copy = Buffer.from(first);
    hmac.digest('b');
    expect(first).toEqual(copy);
  });
});
