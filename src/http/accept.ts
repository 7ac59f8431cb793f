import { parse } from 'content-type';

/** The media ranges that include JSON, from the least to the most specific. */
const RANGES = ['*/*', 'application/*', 'application/json'];

/**
 * Whether an `Accept` header allows JSON (RFC 9110, section 12.5.1): the most specific range that
 * includes it decides, by its weight. Other parameters are ignored, because JSON has none (RFC
 * 8259, section 11). An empty header allows everything, as an absent one does.
 *
 * The public listener alone asks. The internal listener answers its callers in one format per
 * endpoint, and gateways pass the header of their own clients on, which says nothing about the
 * answer that the gateway reads.
 */
export function acceptsJson(accept: string): boolean {
  let decidedBy = -1;
  let isAccepted = false;
  let isEmpty = true;
  for (let at = 0; at < accept.length;) {
    const { type, parameters, index } = parse(accept, { comma: true, start: at });
    at = index + 1;
    isEmpty &&= type === '';
    const rank = RANGES.indexOf(type);
    if (rank !== -1 && rank >= decidedBy) {
      const isAllowed = isPositive(parameters.q);
      isAccepted = rank === decidedBy ? isAccepted || isAllowed : isAllowed;
      decidedBy = rank;
    }
  }
  return isEmpty || isAccepted;
}

/** A weight that is not a number is ignored: a client that lists JSON can read it. */
function isPositive(weight: string | undefined): boolean {
  return weight === undefined || !(Number.parseFloat(weight) <= 0);
}
