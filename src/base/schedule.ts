// Timers as an argument, so that a test can let time pass.

/** Runs something once, later. @returns cancels it */
export type Schedule = (run: () => void, afterMs: number) => () => void;

/** The runtime's timers; none of them keeps the program alive. */
export const schedule: Schedule = (run, afterMs) => {
  const timer = setTimeout(run, afterMs).unref();
  return () => clearTimeout(timer);
};
