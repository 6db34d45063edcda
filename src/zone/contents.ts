// What records say: type, TTL, views and rdata, each combination once, in columns. The names of one task say the same few
// things many times over, so a million records are a quarter of that in contents.
import { Type } from '../wire/codes.ts';
import type { Octets } from '../wire/name.ts';
import { hashName } from '../wire/name-hash.ts';
import type { NameNode } from '../wire/name-node.ts';
import { NodeRecord } from '../wire/node-record.ts';
import type { RR } from '../wire/rr.ts';
import type { Views } from '../wire/views.ts';
import { EVERYWHERE } from '../wire/views.ts';
import { allocateOctets, LOOP_OCTETS, type OctetBuffer } from './octet-buffer.ts';
import { type Move, NOWHERE, type Texts } from './texts.ts';

const FIRST_CONTENTS = 1 << 10;

/** Words that a content takes, side by side: what is looked at together is fetched together. */
const WORDS = 5;
/** Next content in the same bucket of the hash table, or in the list of free numbers. */
const CHAIN = 0;
/** Index in `#kinds`. */
const KIND = 1;
/** Where its rdata lies among the texts. */
const RDATA = 2;
const REFERENCES = 3;
const HASH = 4;

/** Ends a chain, and stands for what is not there. */
export const NONE = -1;

/** All of a content but its rdata. */
interface Kind {
  readonly type: number;
  /** Seconds. */
  readonly ttl: number;
  readonly views: Views;
}

/** Kinds that are looked through before a look into the table: a cluster's records have three or four. */
const COMMON_KINDS = 8;

/** Octets of SRV rdata in front of the target. */
const SERVICE_FIELDS = 6;

/** A set of record contents, each known by a small number while anything refers to it. */
export class Contents {
  readonly #texts: Texts;
  readonly #placeOf: (name: NameNode) => number;
  readonly #kinds: Kind[] = [];
  /** Numbers of kinds: type and TTL -> views. */
  readonly #kindNumbers = new Map<number, Map<Views, number>>();
  #words = new Int32Array(FIRST_CONTENTS * WORDS);
  #buckets = new Int32Array(FIRST_CONTENTS).fill(NONE);
  #free = NONE;
  #used = 0;
  /** What was looked for last and what was found: a name's neighbours mostly say the same. */
  #last: RR | NodeRecord | undefined;
  #lastContent = NONE;
  /** The rdata that is looked for. */
  readonly #rdata = allocateOctets(65_536);

  /** @param placeOf where a name lies among the texts, spelled the same, if that is known */
  constructor(texts: Texts, placeOf: (name: NameNode) => number = () => NOWHERE) {
    this.#texts = texts;
    this.#placeOf = placeOf;
  }

  /** Numbers taken so far, given back ones included. */
  get taken(): number {
    return this.#used;
  }

  /** Makes room for that many more. */
  reserve(more: number): void {
    if ((this.#used + more) * WORDS > this.#words.length) this.#grow(this.#used + more);
  }

  /** The number of what a record says; new if need be. It is to be referred to before anything else is let go. */
  of(rr: RR | NodeRecord): number {
    const last = this.#last;
    if (last !== undefined && isSame(last, rr)) return this.#lastContent;
    const kind = this.#kindOf(rr.type, rr.ttl, rr.views);
    const content = rr.type === Type.SRV ? this.#ofService(kind, rr) : this.#ofRdata(kind, rr);
    this.#last = rr;
    this.#lastContent = content;
    return content;
  }

  #ofRdata(kind: number, rr: RR | NodeRecord): number {
    const octets = this.#rdata;
    const length = writeRdata(octets, rr.rdata);
    const hash = hashOctets(octets, length, seedOf(kind));
    const words = this.#words;
    for (let content = this.#first(hash); content !== NONE; content = words[content * WORDS + CHAIN]!)
      if (this.#isLike(content, hash, kind) && this.#texts.equals(this.place(content), octets, length)) return content;
    return this.#add(kind, hash, this.#texts.addOctets(octets, length));
  }

  /** The same, of SRV rdata: its target is mostly an owner name, which need not be written to be hashed and compared. */
  #ofService(kind: number, rr: RR | NodeRecord): number {
    const data = rr instanceof NodeRecord ? rr.data : rr.rdata;
    const fields = this.#rdata;
    const target = typeof data === 'string' ? data.slice(SERVICE_FIELDS) : data.target;
    if (typeof data === 'string') for (let i = 0; i < SERVICE_FIELDS; i++) fields[i] = data.charCodeAt(i);
    else data.writeFields(fields, 0);
    const isNode = typeof target !== 'string';
    const hash = hashOctets(fields, SERVICE_FIELDS, seedOf(kind) ^ (isNode ? target.hash : hashName(target)));
    const place = isNode ? this.#placeOf(target) : NOWHERE;
    const words = this.#words;
    const texts = this.#texts;
    for (let content = this.#first(hash); content !== NONE; content = words[content * WORDS + CHAIN]!) {
      if (!this.#isLike(content, hash, kind) || !texts.startsWith(this.place(content), fields, SERVICE_FIELDS))
        continue;
      const known = texts.target(this.place(content));
      if (known === place || (isNode ? texts.isNode(known, target) : texts.isText(known, target))) return content;
    }
    const rdata =
      place === NOWHERE ? texts.addService(fields, isNode ? target.octets : target) : texts.addServiceTo(fields, place);
    return this.#add(kind, hash, rdata);
  }

  refer(content: number): void {
    this.#words[content * WORDS + REFERENCES]!++;
  }

  /** Takes a reference back; with the last one its number is free. */
  release(content: number): void {
    const words = this.#words;
    const at = content * WORDS;
    if (--words[at + REFERENCES]! > 0) return;
    const bucket = words[at + HASH]! & (this.#buckets.length - 1);
    if (this.#buckets[bucket] === content) this.#buckets[bucket] = words[at + CHAIN]!;
    else {
      let before = this.#buckets[bucket]!;
      while (words[before * WORDS + CHAIN] !== content) before = words[before * WORDS + CHAIN]!;
      words[before * WORDS + CHAIN] = words[at + CHAIN]!;
    }
    this.#texts.removeRdata(this.type(content), this.place(content));
    words[at + CHAIN] = this.#free;
    this.#free = content;
    this.#last = undefined;
  }

  /** Takes note of where the rdata were moved to. */
  move(move: Move): void {
    const words = this.#words;
    for (let content = 0; content < this.#used; content++)
      if (words[content * WORDS + REFERENCES]! > 0)
        words[content * WORDS + RDATA] = move(this.type(content), this.place(content));
  }

  type(content: number): number {
    return this.#kind(content).type;
  }

  ttl(content: number): number {
    return this.#kind(content).ttl;
  }

  views(content: number): Views {
    return this.#kind(content).views;
  }

  /** Where its rdata lies among the texts. */
  place(content: number): number {
    return this.#words[content * WORDS + RDATA]! >>> 0;
  }

  rdata(content: number): Octets {
    return this.#texts.rdata(this.type(content), this.place(content));
  }

  /** Orders two by type, then by rdata. */
  compare(a: number, b: number): number {
    const type = this.type(a);
    return type - this.type(b) || this.#texts.compareRdata(type, this.place(a), this.place(b));
  }

  #kind(content: number): Kind {
    return this.#kinds[this.#words[content * WORDS + KIND]!]!;
  }

  #kindOf(type: number, ttl: number, views: Views = EVERYWHERE): number {
    for (let kind = 0; kind < COMMON_KINDS && kind < this.#kinds.length; kind++) {
      const known = this.#kinds[kind]!;
      if (known.type === type && known.ttl === ttl && known.views === views) return kind;
    }
    const key = type * 2 ** 32 + ttl;
    let ofTtl = this.#kindNumbers.get(key);
    if (!ofTtl) {
      ofTtl = new Map();
      this.#kindNumbers.set(key, ofTtl);
    }
    let kind = ofTtl.get(views);
    if (kind === undefined) {
      kind = this.#kinds.push({ type, ttl, views }) - 1;
      ofTtl.set(views, kind);
    }
    return kind;
  }

  /** The first content in the bucket of a hash. */
  #first(hash: number): number {
    return this.#buckets[hash & (this.#buckets.length - 1)]!;
  }

  #isLike(content: number, hash: number, kind: number): boolean {
    const at = content * WORDS;
    return this.#words[at + HASH] === hash && this.#words[at + KIND] === kind;
  }

  #add(kind: number, hash: number, place: number): number {
    const content = this.#take();
    const words = this.#words;
    const bucket = hash & (this.#buckets.length - 1);
    const at = content * WORDS;
    words[at + CHAIN] = this.#buckets[bucket]!;
    words[at + KIND] = kind;
    words[at + RDATA] = place;
    words[at + REFERENCES] = 0;
    words[at + HASH] = hash;
    this.#buckets[bucket] = content;
    return content;
  }

  #take(): number {
    if (this.#free === NONE) {
      if (this.#used * WORDS === this.#words.length) this.#grow(this.#used + 1);
      return this.#used++;
    }
    const content = this.#free;
    this.#free = this.#words[content * WORDS + CHAIN]!;
    return content;
  }

  #grow(needed: number): void {
    let size = this.#buckets.length * 2;
    while (size < needed) size *= 2;
    const words = new Int32Array(size * WORDS);
    words.set(this.#words.subarray(0, this.#used * WORDS));
    this.#words = words;
    const buckets = new Int32Array(size).fill(NONE);
    this.#buckets = buckets;
    for (let content = 0; content < this.#used; content++) {
      // Free ones are in a chain of their own.
      if (words[content * WORDS + REFERENCES] === 0) continue;
      const bucket = words[content * WORDS + HASH]! & (size - 1);
      words[content * WORDS + CHAIN] = buckets[bucket]!;
      buckets[bucket] = content;
    }
  }
}

/** Whether two records say the same, as far as that is seen at a glance. */
function isSame(a: RR | NodeRecord, b: RR | NodeRecord): boolean {
  if (a.type !== b.type || a.ttl !== b.ttl || a.views !== b.views) return false;
  if (a instanceof NodeRecord) return b instanceof NodeRecord && a.data === b.data;
  return !(b instanceof NodeRecord) && a.rdata === b.rdata;
}

/** @returns octets written */
function writeRdata(octets: OctetBuffer, rdata: Octets): number {
  if (rdata.length > LOOP_OCTETS) return octets.latin1Write(rdata, 0);
  for (let i = 0; i < rdata.length; i++) octets[i] = rdata.charCodeAt(i);
  return rdata.length;
}

/** FNV-1a's prime for 32 bits. */
const PRIME = 0x01000193;

/** A hash of the first octets of a buffer. */
function hashOctets(octets: Uint8Array, length: number, seed: number): number {
  let hash = seed;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ octets[i]!, PRIME);
  return hash ^ (hash >>> 15); // what the last octets changed, down to the low bits
}

function seedOf(kind: number): number {
  return Math.imul(kind + 1, 0x9e3779b1);
}
