/* Loaded into the product before it starts (`node --import`): tells on stderr which flags of V8 it sets. */
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';

const { setFlagsFromString } = v8;
v8.setFlagsFromString = (flags) => {
  process.stderr.write(`V8 is told ${flags}\n`);
  setFlagsFromString(flags);
};
syncBuiltinESMExports();
