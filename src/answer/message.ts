// HOT PATH: no allocation, no await, no throw
// Builds one message in a buffer of its own: names with compression (RFC 1035 4.1.4), records, section counts.
import { Type } from '../wire/codes.ts';
import { foldOctet } from '../wire/name.ts';
import { MAX_LABELS } from '../wire/name-view.ts';
import { HEADER } from '../wire/query.ts';

/** Octets of the largest message (its length over TCP has two octets), and room to find out that a record does not fit. */
const CAPACITY = 65_535 + 1_024;

/** Highest offset that a compression pointer can name, plus one (14 bits). */
export const POINTER_LIMIT = 0x4000;

/** Label starts that later names are compared with; more would cost more time than they save octets. */
const DICTIONARY = 48;

/** Names whose positions are kept for the additional section, at most. */
export const MAX_TARGETS = 2_048;

/** Octets from the start of rdata to the name in it that may be compressed; -1: no such name (RFC 3597 4). */
function compressibleName(type: number): number {
  switch (type) {
    case Type.NS:
    case Type.CNAME:
    case Type.PTR:
    case Type.SOA:
    case Type.MD:
    case Type.MF:
    case Type.MB:
    case Type.MG:
    case Type.MR:
    case Type.MINFO:
      return 0;
    case Type.MX:
      return 2;
    default:
      return -1;
  }
}

/** Octets from the start of rdata to a name that is written back under an alias zone's origin, uncompressed. */
function plainName(type: number): number {
  return type === Type.SRV ? 6 : type === Type.DNAME ? 0 : -1;
}

export class MessageWriter {
  readonly octets = new Uint8Array(CAPACITY);
  length = 0;
  /** Octets that the message may have. */
  limit = 0;
  answers = 0;
  authorities = 0;
  additionals = 0;
  /** Message offsets of the names that the written records point at (SRV, MX, NS targets), in order. */
  readonly targetAt = new Uint16Array(MAX_TARGETS);
  targets = 0;
  /** Offsets of the two-octet owners in the additional section that point at rdata of the answer. */
  readonly pointerAt = new Uint16Array(MAX_TARGETS);
  pointers = 0;
  /** While true, names that are written are not remembered for others to point at. */
  isFrozen = false;

  /** While set, names below `from` are written below `to`: offsets and lengths in the image's octets. */
  #source: Uint8Array = this.octets;
  #fromAt = 0;
  #fromLength = 0;
  #toAt = 0;
  #toLength = 0;
  /** Priority << 16 | weight in place of an SRV's own; -1: none. */
  #srv = -1;
  #ttl = -1;

  readonly #dictionary = new Uint16Array(DICTIONARY);
  #known = 0;
  readonly #name = new Uint8Array(512);
  readonly #labelAt = new Uint16Array(MAX_LABELS + 2);
  #labels = 0;

  /** Starts a message: header and question copied from the folded name; counts and flags are set at the end. */
  begin(name: Uint8Array, nameLength: number, type: number, limit: number): void {
    const octets = this.octets;
    this.limit = limit;
    this.answers = this.authorities = this.additionals = 0;
    this.targets = this.pointers = this.#known = 0;
    this.isFrozen = false;
    this.clearRename();
    let at = HEADER;
    for (let i = 0; i < nameLength; i++) octets[at + i] = name[i];
    for (let label = 0; octets[at + label] !== 0; label += 1 + octets[at + label]) this.#remember(at + label);
    at += nameLength;
    octets[at] = type >> 8;
    octets[at + 1] = type & 255;
    octets[at + 2] = 0;
    octets[at + 3] = 1;
    this.length = at + 4;
  }

  /** From here on names below one origin are written below another. `srv`, `ttl`: overrides, -1 for none. */
  rename(source: Uint8Array, fromAt: number, fromLength: number, toAt: number, toLength: number): void {
    this.#source = source;
    this.#fromAt = fromAt;
    this.#fromLength = fromLength;
    this.#toAt = toAt;
    this.#toLength = toLength;
  }

  /** From here on records carry this TTL and SRV records these fields; -1: their own. */
  override(ttl: number, srv: number): void {
    this.#ttl = ttl;
    this.#srv = srv;
  }

  clearRename(): void {
    this.#fromLength = 0;
    this.#ttl = -1;
    this.#srv = -1;
  }

  /** Takes back all that was written from `length` on. */
  cut(length: number): void {
    this.length = length;
    while (this.#known > 0 && this.#dictionary[this.#known - 1] >= length) this.#known--;
  }

  /** Writes a pointer as the owner of the next record. */
  putPointer(to: number): void {
    this.octets[this.length++] = 0xc0 | (to >> 8);
    this.octets[this.length++] = to & 255;
  }

  /** Writes a name from the image, renamed if need be. @returns its message offset */
  putName(source: Uint8Array, at: number, compress: boolean): number {
    this.#load(source, at);
    return this.#write(compress);
  }

  /**
   * Writes what follows the owner of a record: type, class, TTL, rdata.
   * @param rdataLength all octets of it
   * @param targetAt where in `source` its name lies, which then ends it, when that is elsewhere
   * @returns false when it does not fit; the caller cuts back to where the record began
   */
  putRecord(
    source: Uint8Array,
    type: number,
    ttl: number,
    rdataAt: number,
    rdataLength: number,
    targetAt = 0,
  ): boolean {
    const octets = this.octets;
    const compressible = compressibleName(type);
    const plain = plainName(type);
    // A raw record has the size it has; one with names may shrink, or grow by a rename, but never by more than the slack.
    if (compressible < 0 && this.length + 10 + rdataLength > this.limit + (plain < 0 ? 0 : 255)) return false;
    if (this.length + 10 > this.limit) return false;
    let at = this.length;
    const seconds = this.#ttl >= 0 ? this.#ttl : ttl;
    octets[at] = type >> 8;
    octets[at + 1] = type & 255;
    octets[at + 2] = 0;
    octets[at + 3] = 1;
    octets[at + 4] = seconds >>> 24;
    octets[at + 5] = (seconds >> 16) & 255;
    octets[at + 6] = (seconds >> 8) & 255;
    octets[at + 7] = seconds & 255;
    at += 10;
    const start = at;
    const nameAt = compressible >= 0 ? compressible : plain;
    const head = nameAt >= 0 ? nameAt : rdataLength;
    for (let i = 0; i < head; i++) octets[at + i] = source[rdataAt + i];
    this.length = at += head;
    if (nameAt >= 0) {
      if (this.#srv >= 0 && type === Type.SRV) {
        octets[start] = this.#srv >>> 24;
        octets[start + 1] = (this.#srv >> 16) & 255;
        octets[start + 2] = (this.#srv >> 8) & 255;
        octets[start + 3] = this.#srv & 255;
      }
      const end = this.#load(source, targetAt > 0 ? targetAt : rdataAt + head);
      const target = this.#write(compressible >= 0);
      if (this.targets < MAX_TARGETS) this.targetAt[this.targets++] = target;
      if (targetAt === 0 && end < rdataAt + rdataLength) this.#putRest(source, type, end, rdataAt + rdataLength);
    }
    const length = this.length - start;
    octets[start - 2] = length >> 8;
    octets[start - 1] = length & 255;
    return this.length <= this.limit;
  }

  /** What follows the first name: SOA's and MINFO's second name, SOA's numbers. */
  #putRest(source: Uint8Array, type: number, from: number, end: number): void {
    let at = from;
    if (type === Type.SOA || type === Type.MINFO) {
      at = this.#load(source, at);
      this.#write(true);
    }
    while (at < end) this.octets[this.length++] = source[at++];
  }

  /** Takes a name in for writing, under its new origin if it has one. @returns the offset behind it in `source` */
  #load(source: Uint8Array, start: number): number {
    const name = this.#name;
    let labels = 0;
    let used = 0;
    let at = start;
    while (source[at] !== 0 && labels < MAX_LABELS) {
      this.#labelAt[labels++] = used;
      for (const stop = at + source[at]; at <= stop; at++) name[used++] = source[at];
    }
    name[used] = 0;
    this.#labels = labels;
    this.#labelAt[labels] = used;
    if (this.#fromLength > 0) this.#renameLoaded(used + 1);
    return at + 1;
  }

  #renameLoaded(length: number): void {
    const cut = length - this.#fromLength;
    if (cut < 0 || cut + this.#toLength > 255) return;
    let label = 0;
    while (label < this.#labels && this.#labelAt[label] < cut) label++;
    if (this.#labelAt[label] !== cut) return;
    const name = this.#name;
    for (let i = 0; i < this.#fromLength; i++)
      if (foldOctet(name[cut + i]) !== foldOctet(this.#source[this.#fromAt + i])) return;
    for (let i = 0; i < this.#toLength; i++) name[cut + i] = this.#source[this.#toAt + i];
    let at = cut;
    while (name[at] !== 0) {
      this.#labelAt[label++] = at;
      at += 1 + name[at];
    }
    this.#labels = label;
    this.#labelAt[label] = at;
  }

  /** Writes the name taken in. @returns its message offset, of the pointer if that is all there is */
  #write(compress: boolean): number {
    const octets = this.octets;
    const name = this.#name;
    const start = this.length;
    let at = start;
    for (let label = 0; label < this.#labels; label++) {
      const from = this.#labelAt[label];
      if (compress) {
        const known = this.#find(from);
        if (known > 0) {
          octets[at++] = 0xc0 | (known >> 8);
          octets[at++] = known & 255;
          this.length = at;
          return start;
        }
      }
      this.#remember(at);
      for (let i = from, stop = from + name[from]; i <= stop; i++) octets[at++] = name[i];
    }
    octets[at++] = 0;
    this.length = at;
    return start;
  }

  #remember(at: number): void {
    if (!this.isFrozen && this.#known < DICTIONARY && at < POINTER_LIMIT) this.#dictionary[this.#known++] = at;
  }

  /** A place in the message where the rest of the loaded name, from `from`, stands already. @returns 0 when there is none */
  #find(from: number): number {
    for (let i = 0; i < this.#known; i++) if (this.#isAt(this.#dictionary[i], from)) return this.#dictionary[i];
    return 0;
  }

  /** Spelling counts: a name is never given back in another case than it was written in. */
  #isAt(offset: number, from: number): boolean {
    const octets = this.octets;
    const name = this.#name;
    let at = offset;
    let ours = from;
    for (;;) {
      while (octets[at] >= 0xc0) at = ((octets[at] & 0x3f) << 8) | octets[at + 1];
      const length = name[ours];
      if (octets[at] !== length) return false;
      if (length === 0) return true;
      for (let i = 1; i <= length; i++) if (octets[at + i] !== name[ours + i]) return false;
      at += 1 + length;
      ours += 1 + length;
    }
  }
}
