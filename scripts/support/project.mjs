import { resolve } from 'node:path';

/** The folder of the repository: everything that the scripts make lies in it. */
export const projectFolder = resolve(import.meta.dirname, '../..');

/** @param {string[]} parts */
export const inProject = (...parts) => resolve(projectFolder, ...parts);

/**
 * Where this installation keeps what is its own: `DATA_DIR`, or `.data` in the project.
 * A function, because `.env` may name it and is read first.
 */
export const dataFolder = () => inProject(process.env.DATA_DIR || '.data');
