/*
 * Preloaded into a server (`node --expose-gc --import …`): answers the bench about its memory, and
 * takes CPU profiles.
 */
import { Session } from 'node:inspector/promises';

const session = new Session();
const answers = {
  memory: () => {
    globalThis.gc?.();
    return process.memoryUsage();
  },
  profile: async () => {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    return true;
  },
  profileEnd: async () => (await session.post('Profiler.stop')).profile,
};
process.on('message', async (question) => process.send?.(await answers[question]()));
process.channel?.unref();
