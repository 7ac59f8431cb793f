import spectral, { type RulesetDefinition } from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';
import openapiTypes, { astToString } from 'openapi-typescript';
import { readFileSync } from 'node:fs';
import { TestApp } from '../support/test-app.js';
import { API_DOCUMENT } from './api-document.js';

// Its own types do not let a ruleset without a parent be the parent of ours.
const OPENAPI_RULES = rulesets.oas as unknown as RulesetDefinition;

function lint(document: unknown) {
  const linter = new spectral.Spectral();
  linter.setRuleset({ extends: [[OPENAPI_RULES, 'recommended']] });
  return linter.run(JSON.stringify(document));
}

describe('the API document', () => {
  it("keeps Spectral's recommended rules, warnings and hints included", async () => {
    const problems = await lint(API_DOCUMENT);
    expect(problems.map(({ code, message, path }) => `${code}: ${message} (${path.join('.')})`)).toEqual([]);
  });

  it('notices a document that breaks them', async () => {
    const problems = await lint({ ...API_DOCUMENT, tags: [], info: { title: 'Latchkey' } });
    expect(problems.map(({ code }) => code)).toEqual(expect.arrayContaining(['info-contact', 'operation-tag-defined']));
  });

  it('is the one that is served', async () => {
    const app = await TestApp.start();
    try {
      expect(await (await fetch(`${app.url}/docs/openapi.json`)).json()).toEqual(API_DOCUMENT);
    } finally {
      await app.close();
    }
  });

  it('is what the types of the client were made from', async () => {
    const made = astToString(await openapiTypes(JSON.stringify(API_DOCUMENT)));
    // The file begins with a comment of the tool's command line.
    const kept = readFileSync('test/contract/api-types.ts', 'utf8');
    expect({ fresh: kept.endsWith(made), mendedBy: 'npm run openapi' }).toEqual({
      fresh: true,
      mendedBy: 'npm run openapi',
    });
  });
});
