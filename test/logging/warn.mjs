/*
 * Preloaded (`node --import`): on a signal, emits a warning of the runtime and writes to a stream.
 */
process.on('SIGUSR2', () => {
  process.emitWarning('a warning with sk_live_0123456789abcdef', 'TestWarning');
});
process.on('SIGWINCH', () => {
  process.stderr.write('said by a library\n');
  process.stdout.write('said by a library\n');
});
