/* Loaded into the product before it starts (`node --import`): its wall clock is wrong by CLOCK_SHIFT_MS. */
const shiftMs = Number(process.env.CLOCK_SHIFT_MS);
const RealDate = Date;
const realNow = Date.now;

globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [realNow() + shiftMs] : args));
  }

  static now() {
    return realNow() + shiftMs;
  }
};
