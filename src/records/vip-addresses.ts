// The addresses of named VIPs: dcos-net hashes a name into a range and, where that address is taken, goes on to the
// next. Which of two colliding names keeps the hashed address depends on who came first, so the table is filled in the
// order of names within a batch, and can be saved and read back: addresses outlive a restart.
import { hash } from 'node:crypto';
import type { Problem } from '../model/cluster.ts';
import type { Octets } from '../wire/name.ts';
import { addressOctets, addressText } from '../wire/rr.ts';
import type { VipSettings } from './settings.ts';

export type Family = 4 | 6;

/** A named VIP that somebody wants an address for. */
export interface VipWant {
  /** Tells VIPs apart: those with one key share an address. */
  readonly key: string;
  /** What is hashed: labels of the VIP and of the framework, `httpi.marathon`; ASCII. */
  readonly name: string;
  readonly family: Family;
}

/** The table as it is saved. */
export interface SavedVips {
  readonly version: 1;
  readonly vips: readonly { readonly key: string; readonly name: string; readonly address: string }[];
}

interface Entry extends VipWant {
  address?: bigint;
  octets?: Octets;
  /** How many holders want it. */
  holders: number;
  /** A list of it and nothing else. */
  alone?: readonly Entry[];
}

const NO_ENTRIES: readonly Entry[] = [];

/** A range of addresses and who has which. */
class Range {
  readonly min: bigint;
  readonly size: bigint;
  readonly octetCount: number;
  readonly taken = new Set<bigint>();
  readonly #candidate: (name: string) => bigint;

  constructor(place: string, min: string, max: string, octetCount: number, candidate: (name: string) => bigint) {
    this.min = toNumber(addressOctets(min), `${place}.min`, min, octetCount);
    this.size = toNumber(addressOctets(max), `${place}.max`, max, octetCount) - this.min;
    this.octetCount = octetCount;
    if (this.size <= 0n) throw new RangeError(`${place}.max: expected an address above ${min}, got ${max}`);
    this.#candidate = candidate;
  }

  /** A free address for the name, now taken; undefined when none is left. */
  allocate(name: string): bigint | undefined {
    if (BigInt(this.taken.size) >= this.size) return undefined;
    let offset = this.#candidate(name) % this.size;
    while (this.taken.has(this.min + offset)) offset = (offset + 1n) % this.size;
    this.taken.add(this.min + offset);
    return this.min + offset;
  }

  /** Takes the address if it is free and in the range. */
  claim(address: bigint): boolean {
    if (address < this.min || address >= this.min + this.size || this.taken.has(address)) return false;
    this.taken.add(address);
    return true;
  }

  octets(address: bigint): Octets {
    return Buffer.from(address.toString(16).padStart(2 * this.octetCount, '0'), 'hex').toString('latin1');
  }
}

function toNumber(octets: Octets | undefined, place: string, text: string, octetCount: number): bigint {
  if (octets?.length !== octetCount)
    throw new RangeError(`${place}: expected an IPv${octetCount === 4 ? 4 : 6} address, got ${text}`);
  return BigInt(`0x${Buffer.from(octets, 'latin1').toString('hex')}`);
}

/** Which named VIP has which address. Addresses are freed when nobody holds their VIP any more. */
export class VipAddresses {
  readonly #ranges: Readonly<Record<Family, Range>>;
  readonly #entries = new Map<string, Entry>();
  readonly #held = new Map<string, readonly Entry[]>();

  /** @throws RangeError when a range is empty or no range */
  constructor(settings: VipSettings) {
    const offset = BigInt(settings.legacyOffset);
    this.#ranges = {
      4: new Range('vip', settings.min, settings.max, 4, (name) => BigInt(hash32(name)) + offset),
      6: new Range('vip (IPv6)', settings.min6, settings.max6, 16, hash160),
    };
  }

  /**
   * Applies a batch: what each holder (a task's key) wants from now on; nothing for one that is gone. New VIPs get
   * their addresses in the order of their names, so that the order of the batch does not matter.
   */
  update(changes: Iterable<readonly [holder: string, wants: readonly VipWant[]]>): void {
    const touched = new Set<Entry>();
    for (const [holder, wants] of changes) {
      for (const entry of this.#held.get(holder) ?? []) {
        entry.holders--;
        touched.add(entry);
      }
      const entries = this.#entriesOf(wants);
      for (const entry of entries) {
        entry.holders++;
        touched.add(entry);
      }
      if (entries.length > 0) this.#held.set(holder, entries);
      else this.#held.delete(holder);
    }
    const homeless: Entry[] = [];
    for (const entry of touched) {
      if (entry.holders === 0) this.#free(entry);
      else if (entry.octets === undefined) homeless.push(entry);
    }
    homeless.sort((a, b) => a.family - b.family || compare(a.name, b.name) || compare(a.key, b.key));
    for (const entry of homeless) {
      const address = this.#ranges[entry.family].allocate(entry.name);
      if (address !== undefined) this.#settle(entry, address);
    }
  }

  /** The address of a VIP that is held; undefined when it is not, or when the range was full. */
  addressOf(key: string, family: Family): Octets | undefined {
    return this.#entries.get(family + key)?.octets;
  }

  /** Frees what was read back and nobody holds. To be called once all sources have reported. */
  freeUnheld(): void {
    for (const entry of this.#entries.values()) if (entry.holders === 0) this.#free(entry);
  }

  toJSON(): SavedVips {
    const vips = [...this.#entries.values()]
      .filter(({ octets }) => octets !== undefined)
      .sort((a, b) => compare(a.name, b.name) || compare(a.key, b.key) || a.family - b.family)
      .map(({ key, name, octets }) => ({ key, name, address: addressText(octets!) }));
    return { version: 1, vips };
  }

  /**
   * A table with the addresses that `toJSON` gave. An entry that is outside the range now, or whose address another
   * entry has, is left out with a problem: its VIP gets a new address.
   * @throws TypeError when the document is no such table
   */
  static fromJSON(document: unknown, settings: VipSettings, problems: Problem[] = []): VipAddresses {
    if (!isRecord(document) || document.version !== 1)
      throw new TypeError('Cannot read the VIP addresses: expected "version": 1');
    const { vips } = document;
    if (!Array.isArray(vips)) throw new TypeError('Cannot read the VIP addresses: expected "vips" to be a list');
    const table = new VipAddresses(settings);
    for (const [index, saved] of (vips as unknown[]).entries()) {
      const why = table.#restore(saved);
      if (why !== undefined) problems.push({ where: `vips[${index}]`, why });
    }
    return table;
  }

  /** @returns why the saved entry cannot be used */
  #restore(saved: unknown): string | undefined {
    if (!isRecord(saved)) return 'expected an object';
    const { key, name, address } = saved;
    if (typeof key !== 'string' || typeof name !== 'string' || typeof address !== 'string')
      return 'expected the texts key, name and address';
    const octets = addressOctets(address);
    if (octets === undefined) return `expected an IPv4 or IPv6 address, got "${address}"`;
    const family: Family = octets.length === 4 ? 4 : 6;
    if (this.#entries.has(family + key)) return `"${key}" has an IPv${family} address already`;
    const value = BigInt(`0x${Buffer.from(octets, 'latin1').toString('hex')}`);
    if (!this.#ranges[family].claim(value)) return `${address} is outside the range, or given out twice`;
    this.#settle(this.#entry({ key, name, family }), value);
    return undefined;
  }

  /** The entries of wants, each once. Holders of one VIP alone share the list. */
  #entriesOf(wants: readonly VipWant[]): readonly Entry[] {
    if (wants.length === 0) return NO_ENTRIES;
    if (wants.length > 1) return [...new Set(wants.map((want) => this.#entry(want)))];
    const entry = this.#entry(wants[0]!);
    entry.alone ??= [entry];
    return entry.alone;
  }

  #entry(want: VipWant): Entry {
    const id = want.family + want.key;
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = { key: want.key, name: want.name, family: want.family, holders: 0 };
      this.#entries.set(id, entry);
    }
    return entry;
  }

  #settle(entry: Entry, address: bigint): void {
    entry.address = address;
    entry.octets = this.#ranges[entry.family].octets(address);
  }

  #free(entry: Entry): void {
    if (entry.address !== undefined) this.#ranges[entry.family].taken.delete(entry.address);
    this.#entries.delete(entry.family + entry.key);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function hash160(name: string): bigint {
  return BigInt(`0x${hash('sha1', name)}`);
}

/** 2^32 divided by the golden ratio: where Jenkins' hash starts. */
const GOLDEN_RATIO = 0x9e3779b9;
/** What Erlang's portable term hash puts in front for a binary: 13 times the golden ratio, modulo 2^32. */
const BINARY_SEED = 0x08d12e65;

/** Erlang's `erlang:phash2` of a binary before its range is cut: Bob Jenkins' hash of 1996. Unsigned, 32 bits. */
export function hash32(name: string): number {
  if (name === '') return BINARY_SEED;
  const octets = Buffer.from(name, 'latin1');
  let a = GOLDEN_RATIO | 0;
  let b = GOLDEN_RATIO | 0;
  let c = BINARY_SEED;
  const mix = (): void => {
    for (const [p, q, r] of SHIFTS) {
      a = ((a - b - c) ^ (c >>> p)) | 0;
      b = ((b - c - a) ^ (a << q)) | 0;
      c = ((c - a - b) ^ (b >>> r)) | 0;
    }
  };
  let at = 0;
  for (; octets.length - at >= 12; at += 12) {
    a = (a + octets.readInt32LE(at)) | 0;
    b = (b + octets.readInt32LE(at + 4)) | 0;
    c = (c + octets.readInt32LE(at + 8)) | 0;
    mix();
  }
  const tail = Buffer.alloc(12);
  // The lowest octet of the third word is the length's; the last three octets stand above it.
  const rest = octets.subarray(at);
  tail.set(rest.subarray(0, 8));
  tail.set(rest.subarray(8), 9);
  a = (a + tail.readInt32LE(0)) | 0;
  b = (b + tail.readInt32LE(4)) | 0;
  c = (c + octets.length + tail.readInt32LE(8)) | 0;
  mix();
  return c >>> 0;
}

const SHIFTS = [
  [13, 8, 13],
  [12, 16, 5],
  [3, 10, 15],
] as const;
