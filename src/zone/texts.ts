// The octets of all names and rdata, each kept once, in memory that every thread reads: the store refers to them, and so do
// the nodes of the image. Append-only like the image; a compaction goes on in other memory.
//
// A text is its length (2 octets, big-endian) and its octets; it starts on four octets. The target of SRV rdata, which is
// mostly an owner name as well, is a text of its own: such rdata is six octets and, as a word, where the target lies.
import { Type } from '../wire/codes.ts';
import { foldOctet, type Name, type Octets } from '../wire/name.ts';
import type { NameNode } from '../wire/name-node.ts';
import { TARGET_WORD } from './layout.ts';
import { LOOP_OCTETS, type OctetBuffer, octetsOf } from './octet-buffer.ts';

const FIRST_OCTETS = 1 << 16;

/** Octets of removed texts that are always borne: below it, moving would cost more than it frees. */
const MIN_GARBAGE = 4 << 20;

/** Octets of SRV rdata in front of the target (RFC 2782: priority, weight, port), and with its place. */
const SERVICE_FIELDS = 6;
const SERVICE_LENGTH = SERVICE_FIELDS + 4;

/** No text lies there. */
export const NOWHERE = 0;

const NOTHING_MOVED = new Uint32Array(0);

/** Says where a text has been moved to. */
export type Move = (type: number, place: number) => number;

/** Texts of up to 65,535 octets, named by where they lie. */
export class Texts {
  #memory: SharedArrayBuffer;
  #octets: OctetBuffer;
  #words: Uint32Array;
  #end = 4;
  #garbage = 0;
  /** Other memory that it is going over to, and where in it each text lies that has been moved. */
  #next: Texts | undefined;
  #moved = NOTHING_MOVED;

  constructor(octets = FIRST_OCTETS) {
    this.#memory = new SharedArrayBuffer(octets);
    this.#octets = octetsOf(this.#memory);
    this.#words = new Uint32Array(this.#memory);
  }

  /** What they lie in; changes with growth and with `finishMoving`. */
  get memory(): SharedArrayBuffer {
    return this.#memory;
  }

  /** Makes room for that many octets more. */
  reserve(more: number): void {
    if (this.#end + more > this.#octets.length) this.#grow(this.#end + more);
  }

  /** Octets used, and how many of them belong to texts that were removed. */
  get size(): { readonly used: number; readonly garbage: number } {
    return { used: this.#end, garbage: this.#garbage };
  }

  /** Whether more than half of it belongs to removed texts. */
  get isSparse(): boolean {
    return this.#garbage > MIN_GARBAGE && this.#garbage * 2 > this.#end;
  }

  /** @returns where the text lies from now on */
  add(text: Octets): number {
    const { length } = text;
    const place = this.#reserve(length);
    const octets = this.#octets;
    if (length > LOOP_OCTETS) octets.latin1Write(text, place + 2);
    else for (let i = 0; i < length; i++) octets[place + 2 + i] = text.charCodeAt(i);
    return place;
  }

  /** As `add`, of a text that is of use to the image alone, and only until it is laid down anew. */
  addLoose(text: Octets): number {
    const place = this.add(text);
    this.remove(place);
    return place;
  }

  /** As `add`, of the first octets of a buffer. */
  addOctets(from: Uint8Array, length: number): number {
    const place = this.#reserve(length);
    const octets = this.#octets;
    for (let i = 0; i < length; i++) octets[place + 2 + i] = from[i]!;
    return place;
  }

  /** As `add`, of a label and the name that lies at `parent`. */
  addName({ label, labelLength }: NameNode, parent: number): number {
    const tail = this.length(parent);
    const place = this.#reserve(1 + labelLength + tail);
    const octets = this.#octets;
    octets[place + 2] = labelLength;
    let to = place + 3;
    for (let i = 0; i < labelLength; i++) octets[to++] = label.charCodeAt(i);
    for (let i = 0; i < tail; i++) octets[to++] = octets[parent + 2 + i]!;
    return place;
  }

  /** As `add`, of SRV rdata: the first octets of a buffer, and a target of its own, which comes right behind. */
  addService(fields: Uint8Array, target: Name): number {
    const place = this.addServiceTo(fields, NOWHERE);
    const targetPlace = this.add(target);
    this.#words[place / 4 + TARGET_WORD] = targetPlace;
    return place;
  }

  /** The same, with a target that is there. */
  addServiceTo(fields: Uint8Array, target: number): number {
    const place = this.#reserve(SERVICE_LENGTH);
    const octets = this.#octets;
    for (let i = 0; i < SERVICE_FIELDS; i++) octets[place + 2 + i] = fields[i]!;
    this.#words[place / 4 + TARGET_WORD] = target;
    return place;
  }

  remove(place: number): void {
    const size = sizeOf(this.length(place));
    this.#garbage += size;
    if (this.#next && this.#moved[place / 4]! !== NOWHERE) this.#next.#garbage += size;
  }

  /** The same, of rdata; a target that lies right behind was its own. */
  removeRdata(type: number, place: number): void {
    this.remove(place);
    if (type === Type.SRV && this.target(place) === place + sizeOf(SERVICE_LENGTH)) this.remove(this.target(place));
  }

  length(place: number): number {
    return (this.#octets[place]! << 8) | this.#octets[place + 1]!;
  }

  text(place: number): Octets {
    return this.#octets.latin1Slice(place + 2, place + 2 + this.length(place));
  }

  /** Rdata as a whole. */
  rdata(type: number, place: number): Octets {
    if (type !== Type.SRV) return this.text(place);
    return this.#octets.latin1Slice(place + 2, place + 2 + SERVICE_FIELDS) + this.text(this.target(place));
  }

  /** Puts the text's octets elsewhere. */
  copyTo(place: number, to: Uint8Array, start: number): void {
    const length = this.length(place);
    for (let i = 0; i < length; i++) to[start + i] = this.#octets[place + 2 + i]!;
  }

  /** Where the target of SRV rdata lies. */
  target(place: number): number {
    return this.#words[place / 4 + TARGET_WORD]!;
  }

  /** Whether the text is the first octets of a buffer. */
  equals(place: number, other: Uint8Array, length: number): boolean {
    return this.length(place) === length && this.startsWith(place, other, length);
  }

  /** Whether the text's first octets, of which it has at least as many, are those of a buffer. */
  startsWith(place: number, other: Uint8Array, length: number): boolean {
    const octets = this.#octets;
    for (let i = 0; i < length; i++) if (octets[place + 2 + i] !== other[i]) return false;
    return true;
  }

  /** Whether it is the same text. */
  isText(place: number, text: Octets): boolean {
    const octets = this.#octets;
    if (this.length(place) !== text.length) return false;
    for (let i = 0; i < text.length; i++) if (octets[place + 2 + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** Whether the text is a name, spelled as it is there. */
  isNode(place: number, name: NameNode): boolean {
    const octets = this.#octets;
    if (this.length(place) !== name.length) return false;
    let at = place + 2;
    for (let node = name; node.parent; node = node.parent) {
      const { label, labelLength } = node;
      if (octets[at++] !== labelLength) return false;
      for (let i = 0; i < labelLength; i++) if (octets[at++] !== label.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Whether the text is a name with the label of that one in front, letter case of A to Z aside (RFC 4343). */
  startsWithLabel(place: number, { label, labelLength }: NameNode): boolean {
    const octets = this.#octets;
    if (octets[place + 2] !== labelLength) return false;
    for (let i = 0; i < labelLength; i++) {
      const ours = octets[place + 3 + i]!;
      const theirs = label.charCodeAt(i);
      if (ours !== theirs && foldOctet(ours) !== foldOctet(theirs)) return false;
    }
    return true;
  }

  /** Whether the text is `name` from character `from` on, letter case of A to Z aside. */
  isName(place: number, name: Name, from: number): boolean {
    const octets = this.#octets;
    const length = name.length - from;
    if (this.length(place) !== length) return false;
    for (let i = 0; i < length; i++) {
      const ours = octets[place + 2 + i]!;
      const theirs = name.charCodeAt(from + i);
      if (ours !== theirs && foldOctet(ours) !== foldOctet(theirs)) return false;
    }
    return true;
  }

  /** Whether two texts are one name, letter case of A to Z aside. */
  areOneName(a: number, b: number): boolean {
    if (a === b) return true;
    const octets = this.#octets;
    const length = this.length(a);
    if (this.length(b) !== length) return false;
    for (let i = 2; i < length + 2; i++)
      if (octets[a + i] !== octets[b + i] && foldOctet(octets[a + i]!) !== foldOctet(octets[b + i]!)) return false;
    return true;
  }

  /** Orders two rdata of a type by their octets. */
  compareRdata(type: number, a: number, b: number): number {
    if (type !== Type.SRV) return this.#compare(a, this.length(a), b, this.length(b));
    const byFields = this.#compare(a, SERVICE_FIELDS, b, SERVICE_FIELDS);
    if (byFields !== 0) return byFields;
    const targetA = this.target(a);
    const targetB = this.target(b);
    return targetA === targetB ? 0 : this.#compare(targetA, this.length(targetA), targetB, this.length(targetB));
  }

  #compare(a: number, lengthA: number, b: number, lengthB: number): number {
    const octets = this.#octets;
    for (let i = 2; i < lengthA + 2 && i < lengthB + 2; i++)
      if (octets[a + i] !== octets[b + i]) return octets[a + i]! - octets[b + i]!;
    return lengthA - lengthB;
  }

  /** Whether it is going over to other memory; growth puts an end to that. */
  get isMoving(): boolean {
    return this.#next !== undefined;
  }

  /** Begins to go over to other memory, to which only those texts come along that are asked for. */
  startMoving(): void {
    this.#next = new Texts(powerOfTwo((this.#end - this.#garbage) * 2));
    this.#moved = new Uint32Array(this.#memory.byteLength / 4);
  }

  /** Moves rdata, or with type 0 a name, at the first call for it. @returns where it will lie */
  move(type: number, place: number): number {
    const known = this.#moved[place / 4]!;
    if (known !== NOWHERE) return known;
    const target = type === Type.SRV ? this.target(place) : NOWHERE;
    const hasOwn = target === place + sizeOf(SERVICE_LENGTH);
    // A target of its own comes right behind, any other one must not.
    let newTarget = target === NOWHERE || hasOwn ? NOWHERE : this.move(0, target);
    const next = this.#next!;
    const length = this.length(place);
    const from = this.#octets;
    const to = next.#reserve(length);
    const octets = next.#octets;
    for (let i = 2; i < length + 2; i++) octets[to + i] = from[place + i]!;
    this.#moved[place / 4] = to;
    if (target === NOWHERE) return to;
    if (hasOwn) newTarget = this.move(0, target);
    next.#words[to / 4 + TARGET_WORD] = newTarget;
    return to;
  }

  /** Goes over. All texts that were not moved are gone. */
  finishMoving(): void {
    const next = this.#next!;
    this.#take(next.#memory);
    this.#end = next.#end;
    this.#garbage = next.#garbage;
    this.stopMoving();
  }

  /** Stays where it is after all. */
  stopMoving(): void {
    this.#next = undefined;
    this.#moved = NOTHING_MOVED;
  }

  /** Makes room for a text and writes its length. @returns where it starts */
  #reserve(length: number): number {
    const place = this.#end;
    const end = place + sizeOf(length);
    if (end > this.#octets.length) this.#grow(end);
    const octets = this.#octets;
    octets[place] = length >> 8;
    octets[place + 1] = length & 255;
    this.#end = end;
    return place;
  }

  #grow(needed: number): void {
    // What was to become less becomes more: it is begun anew, if it is still of use.
    this.stopMoving();
    const previous = this.#octets;
    this.#take(new SharedArrayBuffer(powerOfTwo(needed)));
    previous.copy(this.#octets, 0, 0, this.#end);
  }

  #take(memory: SharedArrayBuffer): void {
    this.#memory = memory;
    this.#octets = octetsOf(memory);
    this.#words = new Uint32Array(memory);
  }
}

/** Octets that a text of that length takes. */
function sizeOf(length: number): number {
  return (length + 5) & ~3;
}

/** The least one that is large enough, `FIRST_OCTETS` or more. */
function powerOfTwo(octets: number): number {
  let size = FIRST_OCTETS;
  while (size < octets) size *= 2;
  return size;
}
