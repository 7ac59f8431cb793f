import { setFlagsFromString } from 'node:v8';
import { serve } from './app.lifecycle.js';

// From a few large batches V8 concludes that what a request makes lives long, and puts it where only a full collection clears up: from
// then on collecting takes five times as long (ADR 11).
setFlagsFromString('--no-allocation-site-pretenuring');

await serve();
