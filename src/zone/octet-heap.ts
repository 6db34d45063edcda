// Many short octet strings in one block of memory: a tenth of what they would take as JavaScript strings.
import { foldOctet, type Octets } from '../wire/name.ts';
import { allocateOctets, LOOP_OCTETS } from './octet-buffer.ts';

const FIRST_OCTETS = 1 << 14;

/** Strings of up to 65,535 octets, named by where they lie. What is removed is made room of by `compact`. */
export class OctetHeap {
  #octets = allocateOctets(FIRST_OCTETS);
  #end = 0;
  #garbage = 0;

  /** Whether more than half of it belongs to removed strings. */
  get isSparse(): boolean {
    return this.#garbage > FIRST_OCTETS && this.#garbage * 2 > this.#end;
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

  remove(at: number): void {
    this.#garbage += 2 + this.#length(at);
  }

  equals(at: number, text: Octets): boolean {
    const octets = this.#octets;
    const { length } = text;
    if (this.#length(at) !== length) return false;
    for (let i = 0; i < length; i++) if (octets[at + 2 + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** The same, letter case of A to Z aside (RFC 4343). */
  equalsFolded(at: number, text: Octets): boolean {
    const octets = this.#octets;
    const { length } = text;
    if (this.#length(at) !== length) return false;
    for (let i = 0; i < length; i++) {
      const ours = octets[at + 2 + i]!;
      const theirs = text.charCodeAt(i);
      if (ours !== theirs && foldOctet(ours) !== foldOctet(theirs)) return false;
    }
    return true;
  }

  text(at: number): Octets {
    return this.#octets.latin1Slice(at + 2, at + 2 + this.#length(at));
  }

  /** Octet `index` of the string; undefined behind its end. */
  octet(at: number, index: number): number {
    return this.#octets[at + 2 + index]!;
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

  /** Lays the strings that are still used side by side; the first `count` of `places` that are used are moved along. */
  compact(places: Uint32Array, isUsed: (index: number) => boolean, count: number): void {
    const from = this.#octets;
    this.#octets = allocateOctets(Math.max(FIRST_OCTETS, (this.#end - this.#garbage) * 2));
    this.#end = 0;
    this.#garbage = 0;
    for (let i = 0; i < count; i++) {
      if (!isUsed(i)) continue;
      const at = places[i]!;
      const size = 2 + ((from[at]! << 8) | from[at + 1]!);
      from.copy(this.#octets, this.#end, at, at + size);
      places[i] = this.#end;
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
