// Which clients see a record. A client stands in exactly one view (a number: 0 is "outside", the others are networks and
// machines that sources know of); a record is seen either only in some views or everywhere except in some. So a network
// that comes later needs no record changed. At rest a rule is a short string of octets; the image holds the same octets.
import type { Octets } from './name.ts';
import { u16 } from './rr.ts';

/** A rule: one octet `ONLY` or `EXCEPT`, then two octets for each view, ascending. Absent or empty: everybody. */
export type Views = Octets;

const ONLY = '\0';
const EXCEPT = '\u0001';

/** The view of clients that no prefix names. */
export const OUTSIDE = 0;

/** Highest number of a view; the one above it stands for all of them. */
export const MAX_VIEW = 65_534;

/** In place of a view: whatever the view. */
export const ANY_VIEW = 65_535;

/** Seen by everybody. */
export const EVERYWHERE: Views = '';

/** Seen in these views and nowhere else; with none, by nobody. */
export function onlyIn(views: Iterable<number>): Views {
  return ONLY + list(views);
}

/** Seen everywhere but in these views. */
export function exceptIn(views: Iterable<number>): Views {
  const ids = list(views);
  return ids === '' ? EVERYWHERE : EXCEPT + ids;
}

/** Seen where at least one of two rules lets it be seen. */
export function eitherOf(a: Views, b: Views): Views {
  if (a === b) return a;
  if (a === EVERYWHERE || b === EVERYWHERE) return EVERYWHERE;
  const [first, second] = [viewsOf(a), viewsOf(b)];
  const [isOnlyA, isOnlyB] = [a[0] === ONLY, b[0] === ONLY];
  if (isOnlyA && isOnlyB) return onlyIn([...first, ...second]);
  if (!isOnlyA && !isOnlyB) return exceptIn(first.filter((view) => second.includes(view)));
  const [only, except] = isOnlyA ? [first, second] : [second, first];
  return exceptIn(except.filter((view) => !only.includes(view)));
}

/** Whether a client in `view` sees a record under the rule. */
export function isSeen(rule: Views, view: number): boolean {
  return rule === EVERYWHERE || (rule[0] === ONLY) === viewsOf(rule).includes(view);
}

function viewsOf(rule: Views): number[] {
  const views: number[] = [];
  for (let at = 1; at < rule.length; at += 2) views.push((rule.charCodeAt(at) << 8) | rule.charCodeAt(at + 1));
  return views;
}

/** Views that one rule can name; a machine has fewer networks than that in one container. */
const MAX_LISTED = 127;

function list(views: Iterable<number>): Octets {
  const sorted = [...new Set(views)].sort((a, b) => a - b);
  if (sorted.length > MAX_LISTED)
    throw new RangeError(`Cannot name ${sorted.length} views in one rule: at most ${MAX_LISTED}`);
  return sorted.map(u16).join('');
}
