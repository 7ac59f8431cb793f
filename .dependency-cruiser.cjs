/**
 * Which folder of src may import which: exactly what the code needs, and nothing else of ours. The entry points
 * (main, start, cli, openapi) may import anything, and nothing imports them.
 */
const MAY_IMPORT = {
  background: [],
  common: [],
  contract: ['common'],
  config: ['common'],
  logging: ['common', 'config'],
  metrics: [],
  decision: ['common'],
  database: ['common', 'config'],
  secrets: ['common', 'config', 'database'],
  'change-log': ['background', 'common', 'database'],
  http: ['common', 'contract', 'config', 'logging', 'metrics'],
  usage: ['background', 'common', 'database'],
  admission: ['common', 'contract'],
  organizations: ['common', 'database', 'change-log'],
  'api-keys': [
    'common',
    'contract',
    'admission',
    'database',
    'change-log',
    'secrets',
    'decision',
    'organizations',
    'usage',
  ],
  verification: ['background', 'common', 'config', 'metrics', 'database', 'change-log', 'secrets', 'decision', 'usage'],
  auth: ['common', 'contract', 'decision', 'verification'],
  health: ['common', 'contract', 'admission', 'logging', 'database', 'secrets', 'usage'],
  internal: ['common', 'contract', 'config', 'logging', 'metrics', 'decision', 'http', 'verification', 'health'],
  app: [
    'background',
    'common',
    'contract',
    'config',
    'logging',
    'metrics',
    'database',
    'secrets',
    'change-log',
    'http',
    'usage',
    'admission',
    'organizations',
    'api-keys',
    'verification',
    'auth',
    'health',
    'internal',
  ],
};

const folderRules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `imports-of-${folder}`,
  comment: `src/${folder} may import ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^(src|migrations)/',
    pathNot: [`^src/(${[folder, ...allowed].join('|')})/`, ...(folder === 'database' ? ['^migrations/'] : [])],
  },
}));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'known-folders-only',
      comment: 'A new folder in src needs its own row above.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(MAY_IMPORT).join('|')})/` },
      to: {},
    },
    {
      name: 'migrations-stand-alone',
      comment: 'A migration must do in ten years what it does today.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(src|test|bench)/' },
    },
    {
      name: 'production-dependencies-only',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'product-without-tests',
      comment: 'Only a spec may import what tests share.',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|bench)/' },
    },
    ...folderRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
