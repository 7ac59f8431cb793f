import { readFileSync, writeFileSync } from 'node:fs';
import { createDocument, createDocumentedApp } from './app/swagger.js';

const FILE = 'openapi.json';

/**
 * Writes the API document to `openapi.json`; with `--check`, only says whether the file is up to
 * date. Needs no database.
 */
const text = `${JSON.stringify(createDocument(await createDocumentedApp()), null, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, text);
} else if (readFileSync(FILE, 'utf8') !== text) {
  process.stderr.write(`${FILE} is not up to date. Run: npm run openapi\n`);
  process.exitCode = 1;
}
