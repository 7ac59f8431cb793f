import { idToBytes, isPrefixedId, newId, newRequestIds } from './prefixed-id.js';

describe('passing ids', () => {
  it('are UUIDv7 in canonical spelling, made now, and never the same twice', () => {
    const before = Date.now();
    const pairs = Array.from({ length: 10_000 }, () => newRequestIds('req_', 'support_'));
    const after = Date.now();

    for (const [place, prefix] of (['req_', 'support_'] as const).entries()) {
      const ids = pairs.map((pair) => pair[place] ?? '');
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) {
        expect(isPrefixedId(prefix, id)).toBe(true);
        const madeMs = idToBytes(prefix, id).readUIntBE(0, 6);
        expect(madeMs).toBeGreaterThanOrEqual(before);
        expect(madeMs).toBeLessThanOrEqual(after);
      }
    }
  });
});

describe('the bytes of an id', () => {
  it('are those of its UUID', () => {
    expect(idToBytes('org_', 'org_0197c0f1-9589-7990-b421-4b806f637b0d').toString('hex')).toBe(
      '0197c0f195897990b4214b806f637b0d',
    );
  });

  it('are refused for what is not one', () => {
    expect(() => idToBytes('org_', newId('api_key_'))).toThrow(TypeError);
  });
});
