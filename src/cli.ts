import './app/check-node.js';

// Parses the command line and runs the command that it names.
await import('./app/command-line.js');
