/**
 * The result of the promise, or a rejection with `tooLate` after the deadline (monotonic clock).
 */
export async function withDeadline<T>(deadline: number, promise: Promise<T>, tooLate: Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(tooLate);
    }, deadline - performance.now());
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
