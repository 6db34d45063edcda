// Durations and sizes in the settings: how each is written, checked and turned into what the program uses. The message
// of a check is what follows "expected" in the report.
import { z } from 'zod';

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Milliseconds of a duration such as `1.5s`; units ms, s, m, h, d. */
function milliseconds(text: string): number {
  const [, count, unit] = DURATION.exec(text)!;
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

/** A duration in the file, milliseconds in the `Config`. */
export const duration = (example: string) =>
  z
    .string({ error: `a duration such as "${example}"` })
    .regex(DURATION, { error: `a duration such as "${example}" (units ms, s, m, h, d)` })
    .transform(milliseconds);

/** Milliseconds; the longest time that a timer of the runtime can wait. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** A duration to wait: more than nothing, at most 24 days. */
export const timeout = (example: string) =>
  duration(example).refine((ms) => ms > 0 && ms <= MAX_TIMEOUT, {
    error: `a duration over 0s and up to 24d, such as "${example}"`,
  });

/** A duration to wait that may be nothing. */
export const hold = (example: string) =>
  duration(example).refine((ms) => ms <= MAX_TIMEOUT, { error: `a duration up to 24d, such as "${example}"` });

const UNITS_OCTETS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;
const SIZE = /^(\d+)(B|KiB|MiB|GiB)$/;

/** A size in the file, octets in the `Config`. */
export const size = (example: string) =>
  z
    .string({ error: `a size such as "${example}"` })
    .regex(SIZE, { error: `a size such as "${example}" (units B, KiB, MiB, GiB)` })
    .transform((text) => {
      const [, count, unit] = SIZE.exec(text)!;
      return Number(count) * UNITS_OCTETS[unit as keyof typeof UNITS_OCTETS];
    });
