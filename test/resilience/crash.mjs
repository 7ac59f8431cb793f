/* Preloaded (`node --import`): on a signal, throws an error that is not caught. */
const SECRET = process.env.CRASH_SECRET;

function crash() {
  const cause = Object.assign(new Error('driver'), { sql: `INSERT '${SECRET}'`, errno: 1064 });
  return Object.assign(new Error(`crashed with ${SECRET}`, { cause }), { query: SECRET, parameters: [SECRET] });
}

process.on('SIGUSR2', () => {
  throw crash();
});
process.on('SIGWINCH', () => {
  void Promise.reject(crash());
});
