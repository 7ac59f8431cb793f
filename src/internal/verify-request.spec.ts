import { InvalidInputError } from '../common/domain-error.js';
import { parseBatchRequest } from './verify-request.js';

describe('a batch of requests', () => {
  it('that is wrong throughout is told a hundred of the wrong fields, and how many there are', () => {
    const requests = Array.from({ length: 100 }, () => ({ secret: '', scopes: Array<string>(32).fill('x') }));
    let refusal: unknown;
    try {
      parseBatchRequest({ requests });
    } catch (error) {
      refusal = error;
    }
    const { message, fields = {} } = refusal as InvalidInputError;
    expect(message).toContain('3200 fields');
    expect(Object.keys(fields)).toHaveLength(100);
    expect(fields).toMatchObject({ 'requests.0.scopes.0': 'is not a scope' });
  });
});
