import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { errorCode } from '../../src/common/error-code.js';
import { makeFolder } from '../support/running-process.js';

/** A pipe whose reader the test controls: it reads, stops reading, closes and comes back. */
export class Fifo {
  /** For the process under test. */
  readonly writer: number;
  /** All that has been read. */
  text = '';
  private readonly path = join(makeFolder(), 'fifo');
  private readonly decoder = new StringDecoder('utf8');
  private readonly chunk = Buffer.alloc(65_536);
  private reader: number | undefined;

  /**
   * @param writerFlags besides O_WRONLY: O_NONBLOCK, for a pipe that another process has made non-
   * blocking
   */
  constructor(writerFlags = 0) {
    execFileSync('mkfifo', [this.path]);
    this.openReader();
    this.writer = openSync(this.path, constants.O_WRONLY | writerFlags);
  }

  openReader(): void {
    this.reader = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  closeReader(): void {
    if (this.reader !== undefined) {
      closeSync(this.reader);
      this.reader = undefined;
    }
  }

  /** Reads what is in the pipe at this moment. */
  read(): string {
    for (let bytes = 1; bytes > 0;) {
      bytes = this.readChunk();
      this.text += this.decoder.write(this.chunk.subarray(0, bytes));
    }
    return this.text;
  }

  close(): void {
    this.closeReader();
    closeSync(this.writer);
  }

  private readChunk(): number {
    try {
      return this.reader === undefined ? 0 : readSync(this.reader, this.chunk);
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') {
        return 0;
      }
      throw error;
    }
  }
}
