/**
 * Who may import whom, from the design: each folder names those of ours that it may import, and nothing else of ours.
 * The entry points (app.*, main, start, cli, openapi) may import anything; nobody imports them.
 */
const MAY_IMPORT = {
  common: [],
  config: ['common'],
  logging: ['common', 'config'],
  secrets: ['common', 'config'],
  decision: ['common'],
  database: ['common', 'config'],
  changes: ['common', 'database'],
  metrics: [],
  http: ['common', 'config', 'logging', 'metrics'],
  usage: ['common', 'config', 'database', 'changes'],
  admission: ['common'],
  organizations: ['common', 'config', 'database', 'changes'],
  'api-keys': ['common', 'admission', 'config', 'database', 'changes', 'secrets', 'decision', 'organizations', 'usage'],
  verification: ['common', 'config', 'metrics', 'database', 'changes', 'secrets', 'decision', 'usage'],
  auth: ['common', 'config', 'decision', 'verification'],
  health: ['common', 'admission', 'config', 'logging', 'database', 'secrets', 'usage', 'verification'],
  internal: ['common', 'config', 'logging', 'metrics', 'decision', 'http', 'verification', 'health'],
};

const folderRules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `imports-of-${folder}`,
  comment: `src/${folder} may import ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^(src|migrations|test|bench)/',
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
    ...folderRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
