/**
 * The keys of a value in their order with the types of their values. A list has the shapes of its
 * entries.
 */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    return [...new Set(value.map((entry) => JSON.stringify(shapeOf(entry))))].sort();
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([key, held]) => [key, shapeOf(held)]);
  }
  return value === null ? 'null' : typeof value;
}

/** The same text with each id in it replaced by its kind. */
export function withoutIds(text: string): string {
  return text.replace(/(api_key|org|req|support)_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '$1_…');
}
