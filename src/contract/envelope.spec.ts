import { asciiJson } from '../common/ascii-json.js';
import { successEnvelope, successEnvelopeText, type RequestIdentity } from './envelope.js';

describe('the envelope of a success', () => {
  const identity: RequestIdentity = {
    requestId: 'req_0197c0f1-9589-7990-b421-4b806f637b0c',
    supportId: 'support_0197c0f1-9589-7990-b421-4b806f637b0d',
    env: 'production',
  };

  it('is the same as a text', () => {
    const data = { label: 'a "label"', scopes: ['products.read'], none: null };
    const text = successEnvelopeText(identity, 200, asciiJson(data), 'Verification completed');
    expect(text).toBe(JSON.stringify(successEnvelope(identity, 200, data, 'Verification completed')));
  });
});
