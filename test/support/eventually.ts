const PAUSE_MS = 10;

/** Polls until the condition holds. Throws with the question when that takes too long. */
export async function eventually(
  question: string,
  ask: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await ask())) {
    if (Date.now() > deadline) {
      throw new Error(`${question}: not within ${deadlineMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
