// Tasks say the same things over and over: 50,000 of them have a few hundred names and sets of labels. What is equal is kept
// once, and lists have no room to spare, which together is half of what a task would take.
import type { Vip } from '../model/port.ts';
import { NONE } from './reading.ts';

/** Things of one kind that are kept; beyond it all are forgotten and it begins anew. */
const LIMIT = 20_000;

class Pool<T> {
  readonly #kept = new Map<string, T>();

  /** The one that came first of those with that key. */
  of(key: string, value: T): T {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    if (this.#kept.size >= LIMIT) this.#kept.clear();
    this.#kept.set(key, value);
    return value;
  }
}

const texts = new Pool<string>();
const labelSets = new Pool<Readonly<Record<string, string>>>();
const vipLists = new Pool<readonly Vip[]>();
const networkLists = new Pool<readonly string[]>();

/** An equal text, for those that many tasks have; not for ids. */
export function sharedText(text: string): string {
  return texts.of(text, text);
}

/** Labels that say the same. */
export function sharedLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  let key = '';
  for (const name in labels) key += `${name.length} ${name} ${labels[name]!.length} ${labels[name]} `;
  return labelSets.of(key, labels);
}

export function sharedVips(vips: readonly Vip[]): readonly Vip[] {
  let key = '';
  for (const vip of vips) key += `${vip.kind} ${vip.kind === 'named' ? vip.label : vip.ip}\n${vip.port}\n`;
  return vipLists.of(key, exact(vips));
}

/** A list of one network, by its name. */
export function sharedNetwork(name: string): readonly string[] {
  return networkLists.of(name, [name]);
}

/** The list without the room that its growth left behind its end: of a list that grew by one element that is for sixteen. */
export function exact<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list.slice();
}
