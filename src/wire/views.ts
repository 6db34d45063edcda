// Which clients see a record. A client stands in exactly one view (a number: 0 is "outside", the others are networks and
// machines that sources know of). A rule says who sees a record in general, and lists the views for which it is the other
// way round; so a network that comes later needs no record changed. What is true of all clients of some networks, such as
// that they have no IPv6, is a bit of the views' numbers, and a rule can go by it. At rest a rule is a short string of
// octets; the image holds the same octets.
import type { Octets } from './name.ts';
import { u16 } from './rr.ts';

/** A rule: one octet, who sees it in general, then two octets for each view that is different. Absent or empty: everybody. */
export type Views = Octets;

/** In general: nobody; everybody; or everybody whose view has none of the traits in the octet (their bits, moved right). */
const NOBODY = 0;
const EVERYBODY = 1;

/** Bits of a view's number: what is true of all its clients. */
export const Trait = {
  /** Nothing leads out of their network. */
  CLOSED: 0x2000,
  /** They reach this machine by an address that it has in their network alone. */
  BRIDGED: 0x4000,
  WITHOUT_IPV6: 0x8000,
} as const;

/** All of them. */
export const TRAITS = Trait.CLOSED | Trait.BRIDGED | Trait.WITHOUT_IPV6;

/** The view of clients that no prefix names. */
export const OUTSIDE = 0;

/** Highest number of a view, traits aside; the one above it, with all traits, stands for all views. */
export const MAX_VIEW = 0x1ffe;

/** In place of a view: whatever the view. */
export const ANY_VIEW = 65_535;

/** Seen by everybody. */
export const EVERYWHERE: Views = '';

/** Seen in these views and nowhere else; with none, by nobody. */
export function onlyIn(views: Iterable<number>): Views {
  return encode(NOBODY, views);
}

/**
 * Seen everywhere but in these views, and in those that have a trait.
 * @param traits of `Trait`, added up
 */
export function exceptIn(views: Iterable<number>, traits = 0): Views {
  const general = EVERYBODY | (traits >> 8);
  return encode(
    general,
    [...views].filter((view) => isSeenInGeneral(general, view)),
  );
}

/**
 * Seen where at least one of two rules lets it be seen. Of two rules that go by traits one has to have all traits of the
 * other; else a view that has one trait of each counts as one that sees the record.
 */
export function eitherOf(a: Views, b: Views): Views {
  if (a === b) return a;
  if (a === EVERYWHERE || b === EVERYWHERE) return EVERYWHERE;
  const key = String.fromCharCode(a.length) + a + b;
  let united = unions.get(key);
  if (united === undefined) {
    united = unite(a, b);
    if (unions.size >= UNIONS_LIMIT) unions.clear();
    unions.set(key, united);
  }
  return united;
}

/** What was found for two rules: the containers of an engine have the same few. */
const unions = new Map<string, Views>();
const UNIONS_LIMIT = 1_000;

function unite(a: Views, b: Views): Views {
  const [first, second] = [a.charCodeAt(0), b.charCodeAt(0)];
  const general = first === NOBODY ? second : second === NOBODY ? first : first & second;
  const listed = [...listedIn(a), ...listedIn(b)];
  return encode(
    general,
    listed.filter((view) => isSeenInGeneral(general, view) !== (isSeen(a, view) || isSeen(b, view))),
  );
}

/** Whether a client in `view` sees a record under the rule. */
export function isSeen(rule: Views, view: number): boolean {
  return rule === EVERYWHERE || isSeenInGeneral(rule.charCodeAt(0), view) !== listedIn(rule).includes(view);
}

function isSeenInGeneral(general: number, view: number): boolean {
  return general !== NOBODY && (view & (general << 8) & TRAITS) === 0;
}

function listedIn(rule: Views): number[] {
  const views: number[] = [];
  for (let at = 1; at < rule.length; at += 2) views.push((rule.charCodeAt(at) << 8) | rule.charCodeAt(at + 1));
  return views;
}

/** Views that one rule can list; a machine has fewer networks than that in one container. */
const MAX_LISTED = 127;

function encode(general: number, views: Iterable<number>): Views {
  const sorted = [...new Set(views)].sort((a, b) => a - b);
  if (sorted.length > MAX_LISTED)
    throw new RangeError(`Cannot name ${sorted.length} views in one rule: at most ${MAX_LISTED}`);
  if (general === EVERYBODY && sorted.length === 0) return EVERYWHERE;
  return String.fromCharCode(general) + sorted.map(u16).join('');
}
