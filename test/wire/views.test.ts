// Rules about who sees a record, held to what they say in words for every view.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVERYWHERE, eitherOf, exceptIn, isSeen, MAX_VIEW, onlyIn, Trait, type Views } from '../../src/wire/views.ts';

const { CLOSED, BRIDGED, WITHOUT_IPV6 } = Trait;

/** Some views of every combination of traits. */
const VIEWS = [0, 1, 2, 3, MAX_VIEW].flatMap((number) =>
  [0, CLOSED, BRIDGED, WITHOUT_IPV6, CLOSED | BRIDGED, CLOSED | WITHOUT_IPV6, BRIDGED | WITHOUT_IPV6].map(
    (traits) => number | traits,
  ),
);

const seers = (rule: Views) => VIEWS.filter((view) => isSeen(rule, view));

const views = fc.subarray(VIEWS);
/** Of two of these, one always has all traits of the other. */
const traits = fc.constantFrom(0, CLOSED, CLOSED | WITHOUT_IPV6, CLOSED | BRIDGED | WITHOUT_IPV6);
const rule = fc.oneof(
  fc.constant(EVERYWHERE),
  views.map(onlyIn),
  fc.tuple(views, traits).map(([list, some]) => exceptIn(list, some)),
);

describe('rules of views', () => {
  it('only in some, whatever their traits', () => {
    fc.assert(
      fc.property(views, (list) => {
        expect(seers(onlyIn(list))).toEqual(list);
      }),
    );
  });

  it('everywhere but in some, and but where a trait holds', () => {
    fc.assert(
      fc.property(views, traits, (list, some) => {
        const others = VIEWS.filter((view) => !list.includes(view) && (view & some) === 0);
        expect(seers(exceptIn(list, some))).toEqual(others);
      }),
    );
  });

  it('either of two: whoever sees by one of them, in one spelling', () => {
    fc.assert(
      fc.property(rule, rule, (a, b) => {
        const either = eitherOf(a, b);
        expect(seers(either)).toEqual(VIEWS.filter((view) => isSeen(a, view) || isSeen(b, view)));
        expect(eitherOf(b, a)).toBe(either);
        expect(eitherOf(either, a)).toBe(either);
      }),
    );
  });

  it('no more views in a rule than fit', () => {
    expect(() => onlyIn(Array.from({ length: 128 }, (_, i) => i))).toThrow('Cannot name 128 views in one rule');
  });
});
