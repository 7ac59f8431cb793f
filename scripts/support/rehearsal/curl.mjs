#!/usr/bin/env node
/* Stands in for curl where none is, so that the README's commands run as they are written: the options used there. */
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    silent: { type: 'boolean', short: 's' },
    header: { type: 'string', short: 'H', multiple: true },
    data: { type: 'string', short: 'd' },
    request: { type: 'string', short: 'X' },
  },
});
const answer = await fetch(positionals[0], {
  method: values.request ?? (values.data === undefined ? 'GET' : 'POST'),
  headers: (values.header ?? []).map((line) => line.split(/:\s*(.*)/s, 2)),
  body: values.data,
});
process.stdout.write(await answer.text());
