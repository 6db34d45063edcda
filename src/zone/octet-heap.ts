// Many short octet strings in one block of memory: a tenth of what they would take as JavaScript strings.
import { foldOctet, type Octets } from '../wire/name.ts';
import { allocateOctets, LOOP_OCTETS, type OctetBuffer } from './octet-buffer.ts';

const FIRST_OCTETS = 1 << 10;

/** Octets of removed strings that are always borne. */
const MIN_GARBAGE = 1 << 14;

/** Strings of up to 65,535 octets, named by where they lie. What is removed is made room of by `compact`. */
export class OctetHeap {
  #octets = allocateOctets(FIRST_OCTETS);
  #end = 0;
  #garbage = 0;

  /** Whether more than half of it belongs to removed strings. */
  get isSparse(): boolean {
    return this.#garbage > MIN_GARBAGE && this.#garbage * 2 > this.#end;
  }

  /** @returns where the string lies from now on */
  add(text: Octets): number {
    const { length } = text;
    while (this.#end + 2 + length > this.#octets.length) this.#grow();
    const octets = this.#octets;
    const at = this.#end;
    octets[at] = length >> 8;
    octets[at + 1] = length & 255;
    if (length > LOOP_OCTETS) octets.latin1Write(text, at + 2);
    else for (let i = 0; i < length; i++) octets[at + 2 + i] = text.charCodeAt(i);
    this.#end = at + 2 + length;
    return at;
  }

  /** As `add`, of the first octets of a buffer. */
  addOctets(from: Uint8Array, length: number): number {
    while (this.#end + 2 + length > this.#octets.length) this.#grow();
    const octets = this.#octets;
    const at = this.#end;
    octets[at] = length >> 8;
    octets[at + 1] = length & 255;
    for (let i = 0; i < length; i++) octets[at + 2 + i] = from[i]!;
    this.#end = at + 2 + length;
    return at;
  }

  /** As `add`, of a label in front of the name that lies at `parent`. */
  addName(label: Octets, parent: number): number {
    const tail = this.#length(parent);
    const length = 1 + label.length + tail;
    while (this.#end + 2 + length > this.#octets.length) this.#grow();
    const octets = this.#octets;
    const at = this.#end;
    octets[at] = length >> 8;
    octets[at + 1] = length & 255;
    octets[at + 2] = label.length;
    let to = at + 3;
    for (let i = 0; i < label.length; i++) octets[to++] = label.charCodeAt(i);
    for (let i = 0; i < tail; i++) octets[to++] = octets[parent + 2 + i]!;
    this.#end = to;
    return at;
  }

  remove(at: number): void {
    this.#garbage += 2 + this.#length(at);
  }

  /** Whether the string is the first octets of a buffer. */
  equals(at: number, other: Uint8Array, length: number): boolean {
    const octets = this.#octets;
    if (this.#length(at) !== length) return false;
    for (let i = 0; i < length; i++) if (octets[at + 2 + i] !== other[i]) return false;
    return true;
  }

  /** Whether the string is a name with that label in front, letter case of A to Z aside (RFC 4343). */
  startsWithLabel(at: number, label: Octets): boolean {
    const octets = this.#octets;
    const { length } = label;
    if (octets[at + 2] !== length) return false;
    for (let i = 0; i < length; i++) {
      const ours = octets[at + 3 + i]!;
      const theirs = label.charCodeAt(i);
      if (ours !== theirs && foldOctet(ours) !== foldOctet(theirs)) return false;
    }
    return true;
  }

  /** Whether the string is `text` from character `from` on, letter case of A to Z aside. */
  equalsFolded(at: number, text: Octets, from: number): boolean {
    const octets = this.#octets;
    const length = text.length - from;
    if (this.#length(at) !== length) return false;
    for (let i = 0; i < length; i++) {
      const ours = octets[at + 2 + i]!;
      const theirs = text.charCodeAt(from + i);
      if (ours !== theirs && foldOctet(ours) !== foldOctet(theirs)) return false;
    }
    return true;
  }

  text(at: number): Octets {
    return this.#octets.latin1Slice(at + 2, at + 2 + this.#length(at));
  }

  /** Puts the string's octets elsewhere. */
  copyTo(at: number, target: OctetBuffer, start: number): void {
    const octets = this.#octets;
    const length = this.#length(at);
    if (length > LOOP_OCTETS) octets.copy(target, start, at + 2, at + 2 + length);
    else for (let i = 0; i < length; i++) target[start + i] = octets[at + 2 + i]!;
  }

  length(at: number): number {
    return this.#length(at);
  }

  /** Orders two strings by their octets. */
  compare(a: number, b: number): number {
    const octets = this.#octets;
    const [lengthA, lengthB] = [this.#length(a), this.#length(b)];
    for (let i = 2; i < lengthA + 2 && i < lengthB + 2; i++)
      if (octets[a + i] !== octets[b + i]) return octets[a + i]! - octets[b + i]!;
    return lengthA - lengthB;
  }

  /**
   * Lays the strings that are still used side by side. Their places are words of a table of `count` rows of `width` words,
   * each the one at `column`; those of the rows that are used are moved along.
   */
  compact(table: Int32Array, column: number, width: number, count: number, isUsed: (row: number) => boolean): void {
    const from = this.#octets;
    this.#octets = allocateOctets(Math.max(FIRST_OCTETS, (this.#end - this.#garbage) * 2));
    this.#end = 0;
    this.#garbage = 0;
    for (let row = 0; row < count; row++) {
      if (!isUsed(row)) continue;
      const at = table[row * width + column]! >>> 0;
      const size = 2 + ((from[at]! << 8) | from[at + 1]!);
      from.copy(this.#octets, this.#end, at, at + size);
      table[row * width + column] = this.#end;
      this.#end += size;
    }
  }

  #length(at: number): number {
    return (this.#octets[at]! << 8) | this.#octets[at + 1]!;
  }

  #grow(): void {
    const larger = allocateOctets(this.#octets.length * 2);
    this.#octets.copy(larger, 0, 0, this.#end);
    this.#octets = larger;
  }
}

/** FNV-1a's prime for 32 bits. */
const PRIME = 0x01000193;

/** A hash of the first octets of a buffer. */
export function hashOctets(octets: Uint8Array, length: number, seed: number): number {
  let hash = seed;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ octets[i]!, PRIME);
  return hash ^ (hash >>> 15); // what the last octets changed, down to the low bits
}
