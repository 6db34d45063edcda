// HOT PATH: no allocation, no await, no throw
// A domain name as the query path works on it: folded octets in place, label by label (RFC 1035 3.1, RFC 4343).
import { foldOctet, MAX_LABEL, MAX_NAME } from './name.ts';
import { hashLabel, ROOT_HASH } from './name-hash.ts';

/** Labels a name of 255 octets can have at most, the root not counted. */
export const MAX_LABELS = 127;

/** Multiplier of the hash by which kept answers are found (that of FNV-1a for 32 bits). */
const KEY_PRIME = 0x01000193;

/** A domain name as the query path works on it: folded octets, where its labels start, and each suffix's hash. */
export class NameView {
  /** Wire form, A-Z folded, room for one name. */
  readonly octets = new Uint8Array(MAX_NAME + 1);
  /** Octets used, the root's zero included. */
  length = 0;
  /** How many labels, the root not counted. */
  labels = 0;
  /** Offset of each label in `octets`, leftmost first; the entry behind the last one is the root's. */
  readonly labelAt = new Uint8Array(MAX_LABELS + 2);
  /** Hash of the suffix that starts at each label; the entry behind the last one is the root's. Stands after `hash`. */
  readonly hashes = new Int32Array(MAX_LABELS + 2);
  /** Another hash of the whole name, made while it is read: enough to find an answer that was composed before. */
  key = 0;

  /**
   * Reads an uncompressed name.
   * @param end where `source` ends for the reader
   * @returns the offset behind the name; -1 when it is cut, too long, or holds a pointer or an extended label
   */
  read(source: Uint8Array, at: number, end: number): number {
    const octets = this.octets;
    const labelAt = this.labelAt;
    let labels = 0;
    let used = 0;
    let key = 0;
    for (;;) {
      if (at >= end) return -1;
      const length = source[at++];
      if (length === 0) break;
      if (length > MAX_LABEL || at + length > end || used + length + 2 > MAX_NAME) return -1;
      labelAt[labels++] = used;
      octets[used++] = length;
      for (const stop = at + length; at < stop; at++) {
        const octet = source[at];
        const folded = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
        octets[used++] = folded;
        key = Math.imul(key ^ folded, KEY_PRIME);
      }
      // A label's end counts too: "a.bc" and "ab.c" are two names.
      key = Math.imul(key ^ length, KEY_PRIME);
    }
    labelAt[labels] = used;
    octets[used++] = 0;
    this.length = used;
    this.labels = labels;
    this.key = key;
    return at;
  }

  /** Computes the hashes of all suffixes. */
  hash(): void {
    let hash = ROOT_HASH;
    this.hashes[this.labels] = hash;
    for (let i = this.labels - 1; i >= 0; i--) {
      hash = hashLabel(hash, this.octets, this.labelAt[i]);
      this.hashes[i] = hash;
    }
  }

  /** Becomes another name. */
  copy(name: NameView): void {
    this.read(name.octets, 0, name.length);
    this.hash();
  }

  /** Becomes the labels of `name` before `label`, then the name at `octets[at]`. The caller has checked the length. */
  join(name: NameView, label: number, octets: Uint8Array, at: number): void {
    let labels = 0;
    let used = 0;
    const cut = name.labelAt[label];
    for (; labels < label; labels++) this.labelAt[labels] = name.labelAt[labels];
    for (; used < cut; used++) this.octets[used] = name.octets[used];
    let from = at;
    while (octets[from] !== 0) {
      this.labelAt[labels++] = used;
      for (const stop = from + octets[from]; from <= stop; from++) this.octets[used++] = foldOctet(octets[from]);
    }
    this.#end(labels, used);
  }

  /** Becomes the name at `offset` of a message of our own making, pointers followed. @returns false when it is too long */
  expand(message: Uint8Array, offset: number): boolean {
    let at = offset;
    let used = 0;
    let labels = 0;
    for (;;) {
      while (message[at] >= 0xc0) at = ((message[at] & 0x3f) << 8) | message[at + 1];
      const length = message[at];
      if (length === 0) break;
      if (used + length + 2 > MAX_NAME) return false;
      this.labelAt[labels++] = used;
      for (const stop = at + length; at <= stop; at++) this.octets[used++] = foldOctet(message[at]);
    }
    this.#end(labels, used);
    return true;
  }

  /** Whether it is at or below the suffix of `other` that starts at `label`. */
  isBelow(other: NameView, label: number): boolean {
    const from = other.labelAt[label];
    const length = other.length - from;
    const cut = this.length - length;
    if (cut < 0) return false;
    for (let i = 0; i < length; i++) if (this.octets[cut + i] !== other.octets[from + i]) return false;
    for (let i = 0; i <= this.labels; i++) if (this.labelAt[i] === cut) return true;
    return false;
  }

  #end(labels: number, used: number): void {
    this.labelAt[labels] = used;
    this.octets[used] = 0;
    this.length = used + 1;
    this.labels = labels;
    this.hash();
  }
}
