// The resource records of all zones, each once, in columns: a million of them are a few typed arrays, not a million objects.
// A row is a record of one owner; how many contributions bring it is its count.
import type { Octets } from '../wire/name.ts';
import type { RR } from '../wire/rr.ts';
import { EVERYWHERE, type Views } from '../wire/views.ts';
import { OctetHeap } from './octet-heap.ts';

const FIRST_ROWS = 1 << 10;

/** Columns grow fourfold: pages that nothing was written to take no memory. */
const GROWTH = 4;

/** End of a chain. */
export const NONE = -1;

/** A multiset of records, chained by owner. */
export class Rows {
  #owner = new Int32Array(FIRST_ROWS);
  #type = new Uint16Array(FIRST_ROWS);
  #ttl = new Uint32Array(FIRST_ROWS);
  /** Index of each row's rule in `#rules`; absent while all have the first. */
  #views: Uint32Array | undefined;
  readonly #rules: Views[] = [EVERYWHERE];
  readonly #ruleIndex = new Map<Views, number>([[EVERYWHERE, 0]]);
  #count = new Int32Array(FIRST_ROWS);
  #next = new Int32Array(FIRST_ROWS);
  #previous = new Int32Array(FIRST_ROWS);
  /** Next row in the same bucket of the hash table, or in the list of free rows. */
  #chain = new Int32Array(FIRST_ROWS);
  readonly #heap = new OctetHeap();
  /** Where each row's rdata lies in the heap. */
  #rdata = new Uint32Array(FIRST_ROWS);
  #buckets = new Int32Array(FIRST_ROWS).fill(NONE);
  #free = NONE;
  #used = 0;
  #live = 0;

  /** Distinct records. */
  get size(): number {
    return this.#live;
  }

  /**
   * Adds one occurrence of a record.
   * @param head the owner's first row, or NONE
   * @returns the row; it is new when its count is now 1, and then stands before `head`
   */
  add(owner: number, head: number, rr: RR): number {
    const views = rr.views ? this.#rule(rr.views) : 0;
    const hash = hashRecord(owner, rr.type, rr.rdata);
    // An owner that has no row yet has not this one either.
    let row = head === NONE ? NONE : this.#buckets[hash & (this.#buckets.length - 1)]!;
    for (; row !== NONE; row = this.#chain[row]!) {
      if (
        this.#owner[row] === owner &&
        this.#type[row] === rr.type &&
        this.#ttl[row] === rr.ttl &&
        (this.#views ? this.#views[row] : 0) === views &&
        this.#heap.equals(this.#rdata[row]!, rr.rdata)
      ) {
        this.#count[row]!++;
        return row;
      }
    }
    row = this.#take();
    const bucket = hash & (this.#buckets.length - 1);
    this.#owner[row] = owner;
    this.#type[row] = rr.type;
    this.#ttl[row] = rr.ttl;
    if (this.#views) this.#views[row] = views;
    this.#count[row] = 1;
    this.#rdata[row] = this.#heap.add(rr.rdata);
    this.#chain[row] = this.#buckets[bucket]!;
    this.#buckets[bucket] = row;
    this.#previous[row] = NONE;
    this.#next[row] = head;
    if (head !== NONE) this.#previous[head] = row;
    this.#live++;
    return row;
  }

  /**
   * Takes one occurrence away.
   * @returns whether it was the last; the row is then gone, and `next` of it has to become the owner's first row if it
   * was that
   */
  subtract(row: number): boolean {
    if (--this.#count[row]! > 0) return false;
    const next = this.#next[row]!;
    const previous = this.#previous[row]!;
    if (previous !== NONE) this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    const bucket = this.#hash(row) & (this.#buckets.length - 1);
    if (this.#buckets[bucket] === row) this.#buckets[bucket] = this.#chain[row]!;
    else {
      let before = this.#buckets[bucket]!;
      while (this.#chain[before] !== row) before = this.#chain[before]!;
      this.#chain[before] = this.#chain[row]!;
    }
    this.#heap.remove(this.#rdata[row]!);
    this.#count[row] = 0;
    this.#chain[row] = this.#free;
    this.#free = row;
    this.#live--;
    if (this.#heap.isSparse) this.#heap.compact(this.#rdata, (i) => this.#count[i]! > 0, this.#used);
    return true;
  }

  owner(row: number): number {
    return this.#owner[row]!;
  }

  type(row: number): number {
    return this.#type[row]!;
  }

  ttl(row: number): number {
    return this.#ttl[row]!;
  }

  views(row: number): Views {
    return this.#rules[this.#views ? this.#views[row]! : 0]!;
  }

  rdata(row: number): Octets {
    return this.#heap.text(this.#rdata[row]!);
  }

  /** Orders two rows by type, then by rdata. */
  compare(a: number, b: number): number {
    return this.#type[a]! - this.#type[b]! || this.#heap.compare(this.#rdata[a]!, this.#rdata[b]!);
  }

  /** How many contributions bring it. */
  count(row: number): number {
    return this.#count[row]!;
  }

  next(row: number): number {
    return this.#next[row]!;
  }

  #rule(views: Views): number {
    const known = this.#ruleIndex.get(views);
    if (known !== undefined) return known;
    this.#views ??= new Uint32Array(this.#owner.length);
    this.#ruleIndex.set(views, this.#rules.length);
    return this.#rules.push(views) - 1;
  }

  /** The same as `hashRecord` of the row's record. */
  #hash(row: number): number {
    const heap = this.#heap;
    const at = this.#rdata[row]!;
    let hash = seedHash(this.#owner[row]!, this.#type[row]!);
    const end = Math.min(heap.length(at), HASHED);
    for (let i = 0; i < end; i++) hash = Math.imul(hash ^ heap.octet(at, i), PRIME);
    return hash ^ (hash >>> 15);
  }

  #take(): number {
    if (this.#free !== NONE) {
      const row = this.#free;
      this.#free = this.#chain[row]!;
      return row;
    }
    if (this.#used === this.#owner.length) this.#grow();
    return this.#used++;
  }

  #grow(): void {
    const size = this.#owner.length * GROWTH;
    const larger = <T extends Int32Array | Uint32Array | Uint16Array>(column: T, make: new (n: number) => T): T => {
      const grown = new make(size);
      grown.set(column as never);
      return grown;
    };
    this.#owner = larger(this.#owner, Int32Array);
    this.#type = larger(this.#type, Uint16Array);
    this.#ttl = larger(this.#ttl, Uint32Array);
    if (this.#views) this.#views = larger(this.#views, Uint32Array);
    this.#count = larger(this.#count, Int32Array);
    this.#next = larger(this.#next, Int32Array);
    this.#previous = larger(this.#previous, Int32Array);
    this.#chain = larger(this.#chain, Int32Array);
    this.#rdata = larger(this.#rdata, Uint32Array);
    // All rows are in use when the columns grow, so the chains can be made anew from them.
    this.#buckets = new Int32Array(size).fill(NONE);
    for (let row = 0; row < this.#used; row++) {
      const bucket = this.#hash(row) & (size - 1);
      this.#chain[row] = this.#buckets[bucket]!;
      this.#buckets[bucket] = row;
    }
  }
}

/** Octets of rdata that are hashed: the fields and the first label of an SRV's target are what tells records apart. */
const HASHED = 32;

/** FNV-1a's prime for 32 bits. */
const PRIME = 0x01000193;

function seedHash(owner: number, type: number): number {
  return Math.imul(owner + 1, 0x9e3779b1) ^ type;
}

function hashRecord(owner: number, type: number, rdata: Octets): number {
  let hash = seedHash(owner, type);
  const end = Math.min(rdata.length, HASHED);
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ rdata.charCodeAt(i), PRIME);
  return hash ^ (hash >>> 15);
}
