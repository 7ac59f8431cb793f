/* Preloaded (`node --import`): prints the V8 flags that the product sets on stderr. */
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';

const { setFlagsFromString } = v8;
v8.setFlagsFromString = (flags) => {
  process.stderr.write(`V8 is told ${flags}\n`);
  setFlagsFromString(flags);
};
syncBuiltinESMExports();
