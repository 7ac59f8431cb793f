/** A number for readers: three digits that count, or thousands in groups. */
export function count(value) {
  if (value < 10) return value.toFixed(2);
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US');
}

export const megabytes = (bytes) => `${Math.round(bytes / 1_048_576)} MB`;

export const percent = (share) => `${(100 * share).toFixed(1)} %`;
