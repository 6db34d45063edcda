// Many hints, one action, and not later than promised.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Debounce } from '../../src/sources/debounce.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('every hint is acted on, after 200 ms without another and at most 2 s after the first that is not acted on yet', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 60 }), (gaps) => {
      const hints: number[] = [];
      /** When it ran, and how many hints it had heard by then. */
      const runs: { at: number; heard: number }[] = [];
      const run = () => runs.push({ at: Date.now(), heard: hints.length });
      const debounce = new Debounce({ quietMs: 200, maxMs: 2_000, now: Date.now, run });
      for (const gap of gaps) {
        vi.advanceTimersByTime(gap);
        hints.push(Date.now());
        debounce.hint();
      }
      vi.advanceTimersByTime(10_000);
      for (const [i, hint] of hints.entries()) {
        const next = runs.find(({ heard }) => heard > i)!;
        expect(next.at - hint).toBeLessThanOrEqual(2_000);
      }
      for (const [i, { at, heard }] of runs.entries()) {
        const fresh = hints.slice(i === 0 ? 0 : runs[i - 1]!.heard, heard);
        expect(fresh.length).toBeGreaterThan(0);
        expect(at).toBe(Math.min(fresh.at(-1)! + 200, fresh[0]! + 2_000));
      }
    }),
  );
});

test('after stop nothing runs', () => {
  const run = vi.fn();
  const debounce = new Debounce({ quietMs: 200, maxMs: 2_000, now: Date.now, run });
  debounce.hint();
  debounce.stop();
  vi.advanceTimersByTime(10_000);
  expect(run).not.toHaveBeenCalled();
});
