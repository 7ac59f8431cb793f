/** Something went wrong that the reader can mend: the text says what and how, and no stack is shown. */
export class Failure extends Error {
  name = 'Failure';
}

/** Somebody asked the script to stop while it was doing something. */
export class Stopped extends Error {
  name = 'Stopped';
}
