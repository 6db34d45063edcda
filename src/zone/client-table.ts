// HOT PATH: no allocation, no await, no throw
// Which view a client's address is in, by the longest prefix that holds it. The table is made whole whenever the networks
// change and handed to the threads like the image's other buffers; finding costs a probe for each length of prefix.
import { addressOctets } from '../wire/rr.ts';
import { OUTSIDE } from '../wire/views.ts';

/** Addresses that begin with the same bits are clients of one view. */
export interface ClientPrefix {
  /** IPv4 or IPv6, textual. */
  readonly address: string;
  readonly length: number;
  /** With its traits; see `wire/views.ts`. */
  readonly view: number;
}

/** Words of a group's entry: words of its addresses (1 or 4), prefix length, slots, first word of the slots. */
const GROUP_WORDS = 4;

interface Group {
  readonly words: number;
  readonly length: number;
  readonly members: Map<string, { readonly key: readonly number[]; readonly view: number }>;
}

/** Lays a table out. Of two entries for one prefix the last counts; what is no prefix is left out. */
export function buildClientTable(prefixes: readonly ClientPrefix[]): SharedArrayBuffer {
  const groups = new Map<number, Group>();
  for (const { address, length, view } of prefixes) {
    const octets = addressOctets(address);
    if (octets === undefined || length > octets.length * 8) continue;
    const words = octets.length / 4;
    const group = groups.get(words * 256 + length) ?? { words, length, members: new Map() };
    groups.set(words * 256 + length, group);
    const key = Array.from({ length: words }, (_, i) =>
      maskWord(readWord(Buffer.from(octets, 'latin1'), i * 4), length, i),
    );
    group.members.set(key.join(), { key, view });
  }
  const sorted = [...groups.values()].sort((a, b) => b.length - a.length);
  let size = 1 + sorted.length * GROUP_WORDS;
  const starts = sorted.map(({ words, members }) => {
    const start = size;
    size += slotsFor(members.size) * (words + 1);
    return start;
  });
  const table = new Int32Array(new SharedArrayBuffer(size * 4));
  table[0] = sorted.length;
  for (const [g, { words, length, members }] of sorted.entries()) {
    const slots = slotsFor(members.size);
    table.set([words, length, slots, starts[g]!], 1 + g * GROUP_WORDS);
    for (const { key, view } of members.values()) {
      let slot = key.reduce(mix, 0) & (slots - 1);
      while (table[starts[g]! + slot * (words + 1)] !== 0) slot = (slot + 1) & (slots - 1);
      // One more than the view, because 0 means a free slot and is the view of those outside.
      table.set([view + 1, ...key], starts[g]! + slot * (words + 1));
    }
  }
  return table.buffer as SharedArrayBuffer;
}

/** The table as the threads read it. */
export class ClientTable {
  readonly #table: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#table = new Int32Array(memory);
  }

  /** @param length octets of the address, 4 or 16 */
  viewOf(octets: Uint8Array, at: number, length: number): number {
    const table = this.#table;
    const count = table[0];
    for (let g = 0; g < count; g++) {
      const group = 1 + g * GROUP_WORDS;
      if (table[group] !== length >> 2) continue;
      const found = this.#find(octets, at, group);
      if (found !== 0) return found - 1;
    }
    return OUTSIDE;
  }

  #find(octets: Uint8Array, at: number, group: number): number {
    const table = this.#table;
    const words = table[group];
    const length = table[group + 1];
    const mask = table[group + 2] - 1;
    const start = table[group + 3];
    let hash = 0;
    for (let i = 0; i < words; i++) hash = mix(hash, maskWord(readWord(octets, at + i * 4), length, i));
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = start + slot * (words + 1);
      if (table[entry] === 0) return 0;
      let i = 0;
      while (i < words && table[entry + 1 + i] === maskWord(readWord(octets, at + i * 4), length, i)) i++;
      if (i === words) return table[entry];
    }
  }
}

/** Twice as many as there are members, so that a probe ends soon; a power of two. */
function slotsFor(members: number): number {
  let slots = 2;
  while (slots < members * 2) slots *= 2;
  return slots;
}

function readWord(octets: Uint8Array, at: number): number {
  return (octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3];
}

/** Word `index` of an address, the bits behind the prefix zero. */
function maskWord(word: number, length: number, index: number): number {
  const bits = length - index * 32;
  return bits >= 32 ? word : bits <= 0 ? 0 : word & (-1 << (32 - bits));
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
