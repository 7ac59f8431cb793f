import './app/check-node.js';

const { serve } = await import('./app/lifecycle.js');
await serve();
