/* Loaded before a program starts (`node --require`): makes it believe that it runs on another Node, or another system. */
const { PRETENDED_NODE, PRETENDED_SYSTEM } = process.env;

if (PRETENDED_NODE) Object.defineProperty(process.versions, 'node', { value: PRETENDED_NODE });
if (PRETENDED_SYSTEM) Object.defineProperty(process, 'platform', { value: PRETENDED_SYSTEM });
