import { jest } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StandardOutput } from './standard-output.js';

const ignore = () => undefined;

function arrange() {
  const written: string[] = [];
  const write = (bytes: Buffer) => {
    written.push(bytes.toString());
    return bytes.length;
  };
  return { written, output: new StandardOutput({ write }, ignore, ignore) };
}

/**
 * A destination that takes as many bytes as it has room, and says about all others what a full one
 * says.
 */
function arrangeFull(code = 'EAGAIN') {
  const destination = { text: '', room: 0 };
  const write = (bytes: Buffer) => {
    if (destination.room === 0) {
      throw Object.assign(new Error(`full: ${code}`), { code });
    }
    const taken = bytes.subarray(0, destination.room);
    destination.text += taken.toString('latin1');
    destination.room -= taken.length;
    return taken.length;
  };
  const told: string[] = [];
  const ends: (() => void)[] = [];
  const output = new StandardOutput(
    { write },
    (text) => told.push(text),
    (work) => ends.push(work),
  );
  output.onRoom((lines) => {
    output.write(`dropped ${lines}\n`, true);
  });
  const exit = () => {
    ends.forEach((end) => {
      end();
    });
  };
  return { destination, output, told, exit };
}

describe('standard output', () => {
  it('gets the lines of one turn of the event loop in one, in their order', async () => {
    const { written, output } = arrange();
    output.write('1\n', false);
    output.write('2\n', false);
    expect(written).toEqual([]);
    await nextTurn();
    output.write('3\n', false);
    await nextTurn();
    expect(written).toEqual(['1\n2\n', '3\n']);
  });

  it('gets an urgent line at once, and what came before it first', async () => {
    const { written, output } = arrange();
    output.write('1\n', false);
    output.write('2\n', true);
    expect(written).toEqual(['1\n2\n']);
    await nextTurn();
    expect(written).toHaveLength(1);
  });

  it('is not kept waiting for more than so much', () => {
    const { written, output } = arrange();
    const line = `${'x'.repeat(999)}\n`;
    for (let i = 0; i < 100; i++) {
      output.write(line, false);
    }
    expect(written.join('').length).toBeGreaterThanOrEqual(65_000);
  });
});

describe('standard output that takes nothing', () => {
  const LINE = `${'x'.repeat(1_023)}\n`;
  const LINES_THAT_FIT = 4_096;
  const linesOf = (text: string) => text.split('\n').slice(0, -1);

  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('gets every line that waited, in order and whole, when it takes some again', () => {
    const { destination, output } = arrangeFull();
    const lines = Array.from({ length: 100 }, (_, place) => `line ${place}`);
    lines.forEach((line) => {
      output.write(`${line}\n`, false);
    });
    for (let turn = 0; turn < 200; turn++) {
      destination.room = 7;
      jest.advanceTimersByTime(200);
    }
    expect(linesOf(destination.text)).toEqual(lines);
    expect(output.droppedLines).toBe(0);
  });

  it.each(['EAGAIN', 'ENOSPC', 'EPIPE', 'EIO'])(
    'for the reason %s costs the lines beyond 4 MB, which are counted and reported in their place',
    (code) => {
      const { destination, output, told } = arrangeFull(code);
      output.write(LINE, true);
      for (let i = 1; i < LINES_THAT_FIT + 1_000; i++) {
        output.write(LINE, false);
      }
      expect(output.droppedLines).toBe(1_000);
      destination.room = Infinity;
      jest.advanceTimersByTime(200);
      output.write('after\n', true);
      expect(linesOf(destination.text).slice(-3)).toEqual([LINE.trimEnd(), 'dropped 1000', 'after']);
      expect(linesOf(destination.text)).toHaveLength(LINES_THAT_FIT + 2);
      expect(told).toEqual(code === 'EAGAIN' ? [] : [expect.stringContaining(`(${code})`)]);
    },
  );

  it('has one gap, and not one for each line that finds room: half of the memory must be free first', () => {
    const { destination, output } = arrangeFull();
    for (let i = 0; i < LINES_THAT_FIT + 1; i++) {
      output.write(LINE, true);
    }
    destination.room = 100 * LINE.length;
    jest.advanceTimersByTime(200);
    output.write('lost too\n', false);
    destination.room = Infinity;
    jest.advanceTimersByTime(200);
    output.write('after\n', true);
    expect(linesOf(destination.text).slice(-2)).toEqual(['dropped 2', 'after']);
    expect(destination.text.match(/dropped/g)).toHaveLength(1);
    expect(output.droppedLines).toBe(2);
  });

  it('counts bytes, not characters', () => {
    const { output } = arrangeFull();
    output.write('x\n', true);
    for (let i = 0; i < 5; i++) {
      output.write(`${'\u00e9'.repeat(512 * 1_024)}\n`, false);
    }
    expect(output.droppedLines).toBe(2);
  });

  it('gets, when the process ends, what it takes then, and the number of lines that were dropped', () => {
    const { destination, output, exit } = arrangeFull();
    for (let i = 0; i < LINES_THAT_FIT + 5; i++) {
      output.write(LINE, true);
    }
    destination.room = Infinity;
    exit();
    expect(linesOf(destination.text).at(-1)).toBe('dropped 5');
  });

  it.each(['EAGAIN', 'ENOSPC'])('does not keep the process from ending, for the reason %s', (code) => {
    jest.useRealTimers();
    const { destination, output, exit } = arrangeFull(code);
    output.write(LINE, true);
    exit();
    expect(destination.text).toBe('');
  });

  it('may say so by taking no byte, which stops the process no more than an error does', () => {
    const output = new StandardOutput({ write: () => 0 }, ignore, ignore);
    output.write(LINE, true);
    expect(output.droppedLines).toBe(0);
  });

  it('is asked rarely, however much is logged', () => {
    let attempts = 0;
    const write = () => {
      attempts++;
      throw Object.assign(new Error('full'), { code: 'EAGAIN' });
    };
    const output = new StandardOutput({ write }, ignore, ignore);
    for (let turn = 0; turn < 10_000; turn++) {
      output.write('x\n', false);
      jest.advanceTimersByTime(1);
    }
    expect(attempts).toBeLessThan(100);
  });
});
