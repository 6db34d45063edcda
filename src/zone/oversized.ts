// RRsets that no message can hold: over TCP they come cut, TC set, and what is cut off no client ever gets.

import { fold, nameToText } from '../wire/name.ts';
import type { RR } from '../wire/rr.ts';
import { mnemonicOf } from '../wire/types.ts';

/** Octets of a message's body beside its records: header, one question of the longest name, an OPT record. */
const AROUND = 12 + 259 + 11;

/** Octets of a record beside its rdata when its owner is a pointer to the question. */
const RECORD = 12;

const LARGEST = 65_535;

/** Names each RRset that may not fit in a message, with what to do. Compression inside rdata is not counted on. */
export function oversizedSets(records: Iterable<RR>): { readonly name: string; readonly why: string }[] {
  const sets = new Map<string, { octets: number; count: number }>();
  for (const { owner, type, rdata } of records) {
    const key = `${nameToText(fold(owner))} ${mnemonicOf(type)}`;
    const set = sets.get(key) ?? { octets: AROUND, count: 0 };
    set.octets += RECORD + rdata.length;
    set.count++;
    sets.set(key, set);
  }
  return Array.from(sets, ([name, { octets, count }]) => ({ name, octets, count }))
    .filter(({ octets }) => octets > LARGEST)
    .map(({ name, octets, count }) => ({
      name,
      why: `${count} records are about ${octets} octets and a message has at most ${LARGEST}: clients get a part of them; use more names`,
    }));
}
