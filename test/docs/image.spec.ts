import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Service {
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
}

const DOCKERFILE = readFileSync('Dockerfile', 'utf8');

describe('the image', () => {
  it('runs as a user that Kubernetes can tell from root: by its number', () => {
    const users = DOCKERFILE.match(/^USER .*$/gm) ?? [];
    expect(users).toEqual([expect.stringMatching(/^USER [1-9]\d*:[1-9]\d*$/)]);
  });

  it('starts the service without a shell, so that signals reach it', () => {
    const commands = DOCKERFILE.match(/^(?:CMD|ENTRYPOINT) .*$/gm) ?? [];
    expect(commands).toEqual(['CMD ["node", "dist/src/main.js"]']);
  });
});

describe('docker-compose.yml', () => {
  it('gives the containers of the image no writable files, no capabilities and no way to more rights', () => {
    const { services } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
      services: Record<string, Service>;
    };
    for (const name of ['migrate', 'latchkey']) {
      expect(services[name]).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    }
  });
});
