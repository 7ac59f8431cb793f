/* Preloaded (`node --require`): replaces the reported Node version or platform. */
const { PRETENDED_NODE, PRETENDED_SYSTEM } = process.env;

if (PRETENDED_NODE) Object.defineProperty(process.versions, 'node', { value: PRETENDED_NODE });
if (PRETENDED_SYSTEM) Object.defineProperty(process, 'platform', { value: PRETENDED_SYSTEM });
