/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
      },
    ],
  },
  setupFiles: ['reflect-metadata'],
  // Most of the time goes into waiting for processes and the database: more workers than cores.
  maxWorkers: 2,
  // A worker keeps some memory of each file that it has run, up to 4 GB over the whole suite. Jest
  // replaces it when a file ends and it is larger than this.
  workerIdleMemoryLimit: '1GB',
  testTimeout: 30_000,
};
