import { setFlagsFromString } from 'node:v8';

/**
 * Lets what is made for a request die young. From a few hundred large batches V8 concludes that such objects live long, and puts them where
 * only a full collection clears up: from then on collecting takes several times as long (ADR 11).
 */
export function tuneGarbageCollection(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
