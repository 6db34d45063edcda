// Pauses between attempts: their lengths under a clock and a chance that the test sets.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff, sleep } from '../../src/sources/backoff.ts';

function make(random = 1): { backoff: Backoff; pass: (ms: number) => void } {
  let time = 0;
  const backoff = new Backoff({ firstMs: 100, maxMs: 1000, settledMs: 500, now: () => time, random: () => random });
  return {
    backoff,
    pass: (ms) => {
      time += ms;
    },
  };
}
const several = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.failed());

describe('Backoff', () => {
  it('doubles the span with each failure, up to the longest', () => {
    expect(several(make().backoff, 6)).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  it('waits half to all of the span, by chance', () => {
    expect(several(make(0).backoff, 3)).toEqual([50, 100, 200]);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 2000 }), (random, failures) => {
        const ms = several(make(random).backoff, failures + 1).at(-1)!;
        const span = Math.min(1000, 100 * 2 ** failures);
        expect(ms).toBeGreaterThanOrEqual(span / 2);
        expect(ms).toBeLessThanOrEqual(span);
      }),
    );
  });

  it('begins anew when things went well for long enough', () => {
    const { backoff, pass } = make();
    several(backoff, 3);
    backoff.good();
    pass(300);
    backoff.good();
    pass(200);
    expect(backoff.failed()).toBe(100);
  });

  it('goes on when things went well for a moment only', () => {
    const { backoff, pass } = make();
    several(backoff, 3);
    backoff.good();
    pass(499);
    expect(backoff.failed()).toBe(800);
  });
});

describe('sleep', () => {
  it('ends at once when the signal fires, or has fired', async () => {
    const controller = new AbortController();
    const sleeping = sleep(2 ** 30, controller.signal);
    controller.abort();
    await sleeping;
    await sleep(2 ** 30, controller.signal);
    expect(controller.signal.aborted).toBe(true);
  });
});
