// The owner names of all zones, in columns: each name once, as octets, found by the same hash as in the image. A name is in
// here while it owns records or has names below it (an empty non-terminal, RFC 8020).
import type { Name } from '../wire/name.ts';
import { hashName, hashNode } from '../wire/name-hash.ts';
import { OctetHeap } from './octet-heap.ts';
import { NONE } from './rows.ts';

const FIRST_OWNERS = 1 << 8;

/** Columns grow fourfold: pages that nothing was written to take no memory. */
const GROWTH = 4;

type Column = Int32Array<ArrayBuffer>;

export class Owners {
  readonly #heap = new OctetHeap();
  /** Where each name lies in the heap. */
  #at = new Uint32Array(FIRST_OWNERS);
  #hash: Column = new Int32Array(FIRST_OWNERS);
  #zone: Column = new Int32Array(FIRST_OWNERS);
  #parent: Column = new Int32Array(FIRST_OWNERS);
  #children: Column = new Int32Array(FIRST_OWNERS);
  #first: Column = new Int32Array(FIRST_OWNERS);
  /** Neighbours in the list of their zone's owners; `#next` links free numbers too. */
  #next: Column = new Int32Array(FIRST_OWNERS);
  #previous: Column = new Int32Array(FIRST_OWNERS);
  /** Next owner with the same bucket. */
  #chain: Column = new Int32Array(FIRST_OWNERS);
  #buckets: Column = new Int32Array(FIRST_OWNERS).fill(NONE);
  #used = 0;
  #free = NONE;
  #live = 0;

  get size(): number {
    return this.#live;
  }

  /** @param hash `hashOwner(zone, name)` @returns the owner's number; NONE when the name is not there */
  find(zone: number, name: Name, hash: number): number {
    let owner = this.#buckets[hash & (this.#buckets.length - 1)]!;
    while (owner !== NONE && !(this.#hash[owner] === hash && this.#zone[owner] === zone && this.#isNamed(owner, name)))
      owner = this.#chain[owner]!;
    return owner;
  }

  /**
   * Adds a name that is not there.
   * @param parent number of the name above it, whose children it counts among; NONE for an apex
   * @param neighbour any owner of the same zone, or NONE
   */
  add(zone: number, name: Name, hash: number, parent: number, neighbour: number): number {
    const owner = this.#take();
    const bucket = hash & (this.#buckets.length - 1);
    this.#at[owner] = this.#heap.add(name);
    this.#hash[owner] = hash;
    this.#zone[owner] = zone;
    this.#parent[owner] = parent;
    this.#children[owner] = 0;
    this.#first[owner] = NONE;
    this.#chain[owner] = this.#buckets[bucket]!;
    this.#buckets[bucket] = owner;
    const next = neighbour === NONE ? NONE : this.#next[neighbour]!;
    this.#previous[owner] = neighbour;
    this.#next[owner] = next;
    if (neighbour !== NONE) this.#next[neighbour] = owner;
    if (next !== NONE) this.#previous[next] = owner;
    if (parent !== NONE) this.#children[parent]!++;
    this.#live++;
    return owner;
  }

  remove(owner: number): void {
    const [next, previous, parent] = [this.#next[owner]!, this.#previous[owner]!, this.#parent[owner]!];
    if (next !== NONE) this.#previous[next] = previous;
    if (previous !== NONE) this.#next[previous] = next;
    if (parent !== NONE) this.#children[parent]!--;
    const bucket = this.#hash[owner]! & (this.#buckets.length - 1);
    if (this.#buckets[bucket] === owner) this.#buckets[bucket] = this.#chain[owner]!;
    else {
      let before = this.#buckets[bucket]!;
      while (this.#chain[before] !== owner) before = this.#chain[before]!;
      this.#chain[before] = this.#chain[owner]!;
    }
    this.#heap.remove(this.#at[owner]!);
    this.#zone[owner] = NONE;
    this.#next[owner] = this.#free;
    this.#free = owner;
    this.#live--;
    if (this.#heap.isSparse) this.#heap.compact(this.#at, (i) => this.#zone[i] !== NONE, this.#used);
  }

  /** The name as it was spelled when it came. */
  name(owner: number): Name {
    return this.#heap.text(this.#at[owner]!);
  }

  /** Octets of the name. */
  nameLength(owner: number): number {
    return this.#heap.length(this.#at[owner]!);
  }

  hash(owner: number): number {
    return this.#hash[owner]!;
  }

  zone(owner: number): number {
    return this.#zone[owner]!;
  }

  parent(owner: number): number {
    return this.#parent[owner]!;
  }

  /** How many names are right below it. */
  children(owner: number): number {
    return this.#children[owner]!;
  }

  /** First row of its records; NONE when it has none. */
  first(owner: number): number {
    return this.#first[owner]!;
  }

  setFirst(owner: number, row: number): void {
    this.#first[owner] = row;
  }

  /** All owners of a zone, beginning with its apex, which every other one was added behind. */
  *ofZone(apex: number): IterableIterator<number> {
    for (let owner = apex; owner !== NONE; ) {
      const next: number = this.#next[owner]!;
      yield owner;
      owner = next;
    }
  }

  #isNamed(owner: number, name: Name): boolean {
    return this.#heap.equalsFolded(this.#at[owner]!, name);
  }

  #take(): number {
    this.#growIfFull();
    if (this.#free === NONE) return this.#used++;
    const owner = this.#free;
    this.#free = this.#next[owner]!;
    return owner;
  }

  #growIfFull(): void {
    if (this.#free !== NONE || this.#used < this.#at.length) return;
    const size = this.#at.length * GROWTH;
    const at = new Uint32Array(size);
    at.set(this.#at);
    this.#at = at;
    this.#hash = grown(this.#hash, size);
    this.#zone = grown(this.#zone, size);
    this.#parent = grown(this.#parent, size);
    this.#children = grown(this.#children, size);
    this.#first = grown(this.#first, size);
    this.#next = grown(this.#next, size);
    this.#previous = grown(this.#previous, size);
    this.#chain = grown(this.#chain, size);
    // All numbers are in use, so the chains can be made anew from them.
    this.#buckets = new Int32Array(size).fill(NONE);
    for (let owner = 0; owner < this.#used; owner++) {
      const bucket = this.#hash[owner]! & (size - 1);
      this.#chain[owner] = this.#buckets[bucket]!;
      this.#buckets[bucket] = owner;
    }
  }
}

/** The hash of a name in a zone, letter case aside; the image's nodes have the same. */
export function hashOwner(zone: number, name: Name): number {
  return hashNode(hashName(name), zone);
}

function grown(column: Column, size: number): Column {
  const larger = new Int32Array(size);
  larger.set(column);
  return larger;
}
