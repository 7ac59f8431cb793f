/** What the promise comes to, unless the deadline (on the monotonic clock) comes first: then the error. */
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
