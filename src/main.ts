import { serve } from './app.lifecycle.js';

await serve();
