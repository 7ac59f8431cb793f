import { readFileSync } from 'node:fs';

describe('the image', () => {
  it('runs as a user that Kubernetes can tell from root: by its number', () => {
    const users = readFileSync('Dockerfile', 'utf8').match(/^USER .*$/gm) ?? [];
    expect(users).toEqual([expect.stringMatching(/^USER [1-9]\d*:[1-9]\d*$/)]);
  });
});
