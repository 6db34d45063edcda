// RRsets made of what the records of one owner say: one TTL for each (RFC 2181 5.2: the least), no record twice, sorted.
import type { Octets } from '../wire/name.ts';
import { EVERYWHERE, eitherOf, type Views } from '../wire/views.ts';
import type { Contents } from './contents.ts';
import type { RRsetData } from './image.ts';
import type { Texts } from './texts.ts';

/**
 * The RRsets of contents, by type.
 * @param all in any order, which is changed
 * @param singleValued types of which the first record alone is served
 */
export function gatherSets(
  contents: Contents,
  all: number[],
  singleValued: readonly number[] | undefined,
): RRsetData[] {
  if (all.length > 1) sortContents(all, contents);
  const sets: RRsetData[] = [];
  for (let at = 0; at < all.length; ) {
    const type = contents.type(all[at]!);
    let end = at + 1;
    while (end < all.length && contents.type(all[end]!) === type) end++;
    sets.push(setOf(contents, all, at, end, singleValued?.includes(type) ?? false));
    at = end;
  }
  return sets;
}

/** How many owners back one is looked for that says the same. */
const REMEMBERED = 16;

/**
 * The RRsets of a row of owners, each in one zone: an app's names in two spellings or for two protocols say the same, and
 * to sort is most of the work.
 */
export class RRsetRow {
  readonly #contents: Contents;
  readonly #singleValued: readonly number[] | undefined;
  readonly #said: { readonly all: readonly number[]; readonly sets: readonly RRsetData[] }[] = [];
  #next = 0;
  /** What the last owner with one record alone says. */
  #single: number | undefined;
  #singleSets: readonly RRsetData[] = [];

  /** @param singleValued types of which the first record alone is served */
  constructor(contents: Contents, singleValued: readonly number[] | undefined) {
    this.#contents = contents;
    this.#singleValued = singleValued;
  }

  /** Of an owner that says one thing. */
  single(content: number): readonly RRsetData[] {
    if (content !== this.#single) {
      this.#single = content;
      this.#singleSets = gatherSets(this.#contents, [content], this.#singleValued);
    }
    return this.#singleSets;
  }

  /** @param all contents, ascending */
  sets(all: readonly number[]): readonly RRsetData[] {
    if (all.length === 1) return this.single(all[0]!);
    const known = this.#said.find((said) => areSame(said.all, all));
    if (known) return known.sets;
    const sets = gatherSets(this.#contents, [...all], this.#singleValued);
    this.#said[this.#next++ % REMEMBERED] = { all, sets };
    return sets;
  }
}

function areSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** An RRset that comes from no contribution. @param ttl seconds */
export function madeSet(texts: Texts, type: number, ttl: number, rdata: readonly Octets[]): RRsetData {
  return { type, ttl, rdata: rdata.map((each) => texts.addLoose(each)) };
}

/** One RRset from sorted contents of one type; those that differ in TTL or views alone are one record. */
function setOf(contents: Contents, sorted: readonly number[], from: number, to: number, isSingle: boolean): RRsetData {
  const type = contents.type(sorted[from]!);
  let ttl = contents.ttl(sorted[from]!);
  let areSeenByAll = true;
  const rdata: number[] = [];
  const views: Views[] = [];
  for (let i = from; i < to; i++) {
    const content = sorted[i]!;
    const rule = contents.views(content);
    ttl = Math.min(ttl, contents.ttl(content));
    areSeenByAll &&= rule === EVERYWHERE;
    if (i > from && contents.compare(sorted[i - 1]!, content) === 0) views.push(eitherOf(views.pop()!, rule));
    else if (i === from || !isSingle) {
      rdata.push(contents.place(content));
      views.push(rule);
    }
  }
  const isRuled = !areSeenByAll && views.some((rule) => rule !== EVERYWHERE);
  return { type, ttl, rdata, views: isRuled ? views : undefined };
}

/** Most owners have a handful of records, for which a call of a comparator costs more than the moves it saves. */
const FEW = 12;

function sortContents(all: number[], contents: Contents): void {
  if (all.length > FEW) {
    all.sort((a, b) => contents.compare(a, b));
    return;
  }
  for (let i = 1; i < all.length; i++) {
    const content = all[i]!;
    let at = i;
    for (; at > 0 && contents.compare(all[at - 1]!, content) > 0; at--) all[at] = all[at - 1]!;
    all[at] = content;
  }
}
