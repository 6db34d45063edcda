// The image's writer: lays zones out as octets in shared memory, so that any number of threads can answer from them
// without a lock and without a copy. Runs on the main thread only.
import { Type } from '../wire/codes.ts';
import type { Name } from '../wire/name.ts';
import { hashName, hashNode } from '../wire/name-hash.ts';
import type { Views } from '../wire/views.ts';
import { buildClientTable, type ClientPrefix } from './client-table.ts';
import { Compaction } from './compaction.ts';
import {
  ARENA_START,
  align,
  Control,
  type ImageBuffers,
  NodeField,
  NodeFlag,
  SET_WORDS,
  SetFlag,
  TOMBSTONE,
  ZONE_SET,
  ZoneField,
  ZoneFlag,
} from './layout.ts';
import { type OctetBuffer, octetsOf } from './octet-buffer.ts';
import { Table } from './table.ts';
import { type Move, Texts } from './texts.ts';

/** Octets of a new arena; only pages that are written take memory. */
const FIRST_ARENA = 1 << 24;

/** Slots of a new table of nodes; a power of two. */
const FIRST_NODES = 1 << 12;

/** Slots of a new table of zones, and zone ids there is room for; a power of two. */
const FIRST_ZONES = 1 << 8;

/** Octets of replaced nodes that are always borne before a compaction: below it, moving would cost more than it frees. */
const MIN_GARBAGE = 8 << 20;

/** Octets of a node with one record, about. */
const NODE_OCTETS = 40;

/** Nodes, live or not, that a compaction goes over at a time: a millisecond or two. */
const PIECE = 2_000;

/** An RRset as it is laid down. */
export interface RRsetData {
  readonly type: number;
  /** Seconds. */
  readonly ttl: number;
  /** Where the rdata lie among the texts, in the order in which they are served. */
  readonly rdata: readonly number[];
  /** The rule of each rdata; absent when everybody sees all. */
  readonly views?: readonly Views[] | undefined;
}

/** What a zone record says. */
export interface ZoneRecord {
  /** Small, from 1 up; kept when the record changes. */
  readonly id: number;
  readonly origin: Name;
  /** Bits of `ZoneFlag`. */
  readonly flags: number;
  readonly alias?: ZoneAlias | undefined;
}

/** A zone whose names are those of another one, see `ZoneFlag.IS_ALIAS`. */
export interface ZoneAlias {
  readonly target: number;
  readonly targetOrigin: Name;
  /** Seconds, in place of the records' own. */
  readonly ttl?: number | undefined;
  readonly srv?: { readonly priority: number; readonly weight: number } | undefined;
}

/** Writes zones into shared memory. Changes are prepared one by one and take effect together in `publish`. */
export class Image {
  /** The control block: the same for the image's whole life. */
  readonly control = new SharedArrayBuffer(Control.WORDS * 4);
  readonly #control = new Int32Array(this.control);
  readonly #adopt: (buffers: ImageBuffers) => void;
  /** The octets of names and rdata, the image's and the store's. */
  readonly texts = new Texts();
  /** Where they lay when these tables were begun. */
  #texts = this.texts.memory;
  #epoch = 1;
  #generation = 0;
  #arena = new SharedArrayBuffer(FIRST_ARENA);
  #words = new Uint32Array(this.#arena);
  #octets: OctetBuffer = octetsOf(this.#arena);
  #nodes = new Table(FIRST_NODES);
  #zones = new Table(FIRST_ZONES);
  #versions = new Uint32Array(new SharedArrayBuffer(FIRST_ZONES * 4));
  #clients = buildClientTable([]);
  /** Octets of the arena that are used. */
  #end = ARENA_START;
  #garbage = 0;
  /** What `publish` stores: slots and their values, in turn. */
  #nodeStores: number[] = [];
  #zoneStores: number[] = [];
  /** Offsets of nodes and zone records that `publish` shows. */
  #hiddenNodes: number[] = [];
  #hiddenZones: number[] = [];
  readonly #touchedZones = new Set<number>();
  #compaction: Compaction | undefined;
  /** Whether one was given up: the next one is done at once, or those that change most would never get to the end of one. */
  #isLate = false;
  /** Whether there are larger buffers than those handed out: readers get them with what is laid down there, not each step. */
  #hasGrown = false;

  /** @param adopt told of new buffers just before they come into force; hands them to the other threads */
  constructor(adopt: (buffers: ImageBuffers) => void = () => {}) {
    this.#adopt = adopt;
    Atomics.store(this.#control, Control.EPOCH, this.#epoch);
  }

  /** The buffers in force, for a thread that starts. */
  get buffers(): ImageBuffers {
    return {
      epoch: this.#epoch,
      generation: this.#generation,
      texts: this.texts.memory,
      arena: this.#arena,
      nodes: this.#nodes.buffer,
      zones: this.#zones.buffer,
      versions: this.#versions.buffer as SharedArrayBuffer,
      clients: this.#clients,
    };
  }

  /** Octets laid down, and how many of them belong to nodes and texts that were replaced since. */
  get size(): { readonly used: number; readonly garbage: number } {
    const { used, garbage } = this.texts.size;
    return { used: this.#end + used, garbage: this.#garbage + garbage };
  }

  /** Makes room for that many new nodes and for zone ids up to `zoneId`; to be called before anything is prepared. */
  prepare(newNodes: number, newZones: number, zoneId: number): void {
    if (this.#texts !== this.texts.memory) this.#takeTables();
    const octets = newNodes * NODE_OCTETS;
    if (this.#end + octets > this.#arena.byteLength) this.#takeOther(octets);
    let ids = this.#versions.length;
    while (ids <= zoneId) ids *= 2;
    if (this.#nodes.fits(newNodes) && this.#zones.fits(newZones) && ids === this.#versions.length) return;
    this.#endCompaction();
    const hashOf = (word: number) => this.#words[word]!;
    this.#nodes = this.#nodes.rehashed(this.#nodes.sizeFor(newNodes, FIRST_NODES), hashOf);
    this.#zones = this.#zones.rehashed(this.#zones.sizeFor(newZones, FIRST_ZONES), hashOf);
    const versions = new Uint32Array(new SharedArrayBuffer(ids * 4));
    versions.set(this.#versions);
    this.#versions = versions;
    this.#hasGrown = true;
  }

  /** Says which clients are in which view; in force at once. Clients that no prefix names are outside. */
  setClients(prefixes: readonly ClientPrefix[]): void {
    this.#clients = buildClientTable(prefixes);
    this.#announce();
  }

  /** Prepares a zone's record, new or changed. */
  setZone(zone: ZoneRecord): void {
    const origin = zone.origin;
    const target = zone.alias?.targetOrigin ?? '';
    const size = align(ZoneField.ORIGIN + origin.length + target.length);
    const at = this.#reserve(size);
    const words = this.#words;
    const word = at / 4;
    const hash = hashNode(hashName(origin), 0);
    const overrides = zone.alias?.ttl !== undefined || zone.alias?.srv !== undefined ? ZoneFlag.OVERRIDES : 0;
    words[word + ZoneField.HASH] = hash;
    words[word + ZoneField.SIZE] = size / 4;
    words[word + ZoneField.ID] = zone.id;
    words[word + ZoneField.FLAGS] = zone.flags | (zone.alias ? ZoneFlag.IS_ALIAS : 0) | overrides;
    words[word + ZoneField.TARGET] = zone.alias?.target ?? 0;
    words[word + ZoneField.TTL] = zone.alias?.ttl ?? 0xffffffff;
    words[word + ZoneField.SRV] = zone.alias?.srv
      ? (zone.alias.srv.priority << 16) | zone.alias.srv.weight
      : 0xffffffff;
    this.#octets[at + ZoneField.LENGTHS] = origin.length;
    this.#octets[at + ZoneField.LENGTHS + 1] = target.length;
    this.#octets.latin1Write(origin, at + ZoneField.ORIGIN);
    this.#octets.latin1Write(target, at + ZoneField.ORIGIN + origin.length);
    const slot = this.#findZone(zone.id, hash);
    if (slot >= 0) this.#zoneStores.push(slot, word);
    else {
      words[word + ZoneField.FLAGS]! |= ZoneFlag.HIDDEN;
      this.#hiddenZones.push(word);
      this.#zones.insert(hash, word);
    }
    // A zone that comes, or whose cuts come or go, changes what answers of other zones and names may depend on.
    this.#touchedZones.add(zone.id).add(ZONE_SET);
  }

  /** Prepares the end of a zone. Its nodes have to be removed as well. */
  removeZone(id: number, origin: Name): void {
    const hash = hashNode(hashName(origin), 0);
    const slot = this.#findZone(id, hash);
    if (slot >= 0) {
      this.#zoneStores.push(slot, TOMBSTONE);
      this.#zones.live--;
    }
    this.#touchedZones.add(id).add(ZONE_SET);
  }

  /**
   * Prepares a node, new or changed. Without RRsets it is an empty non-terminal. One call a node between publications.
   * @param name where it lies among the texts
   * @param hash `hashNode` of it
   */
  setNode(zone: number, name: number, sets: readonly RRsetData[], hash: number): void {
    let data = NodeField.SETS + sets.length * SET_WORDS;
    let size = data;
    for (let i = 0; i < sets.length; i++) size += wordsOf(sets[i]!);
    const at = this.#reserve(size * 4);
    const words = this.#words;
    const octets = this.#octets;
    const word = at / 4;
    words[word + NodeField.HASH] = hash;
    words[word + NodeField.ZONE] = zone;
    words[word + NodeField.SIZE] = size;
    words[word + NodeField.NAME] = name;
    octets[at + NodeField.COUNT] = sets.length & 255;
    octets[at + NodeField.COUNT + 1] = sets.length >> 8;
    octets[at + NodeField.NAME_LENGTH] = this.texts.length(name);
    octets[at + NodeField.FLAGS] = 0;
    let entry = word + NodeField.SETS;
    for (let i = 0; i < sets.length; i++) {
      const set = sets[i]!;
      const { rdata, views } = set;
      words[entry] = set.type | ((views ? SetFlag.VIEWS : 0) << 16);
      words[entry + 1] = set.ttl;
      words[entry + 2] = rdata.length;
      words[entry + 3] = data;
      entry += SET_WORDS;
      if (set.type === Type.A)
        for (let j = 0; j < rdata.length; j++) this.texts.copyTo(rdata[j]!, octets, (word + data + j) * 4);
      else for (let j = 0; j < rdata.length; j++) words[word + data + j] = rdata[j]!;
      data += rdata.length;
      if (views) data = align(writeRules(octets, views, (word + data) * 4)) / 4 - word;
    }
    const slot = this.#findNode(zone, name, hash);
    if (slot >= 0) {
      this.#garbage += this.#words[this.#nodes.slots[slot]! + NodeField.SIZE]! * 4;
      this.#nodeStores.push(slot, word);
    } else {
      octets[at + NodeField.FLAGS] = NodeFlag.HIDDEN;
      this.#hiddenNodes.push(at);
      this.#nodes.insert(hash, word);
    }
    this.#touchedZones.add(zone);
  }

  /** Prepares the end of a node; `name` and `hash` as for `setNode`. */
  removeNode(zone: number, name: number, hash: number): void {
    const slot = this.#findNode(zone, name, hash);
    if (slot < 0) return;
    this.#garbage += this.#words[this.#nodes.slots[slot]! + NodeField.SIZE]! * 4;
    this.#nodeStores.push(slot, TOMBSTONE);
    this.#nodes.live--;
    this.#touchedZones.add(zone);
  }

  /**
   * Brings all that was prepared into force, for every reader at once.
   * @param moved called when all that lives is then moved to other memory: what texts are kept elsewhere is to be moved, too
   */
  publish(moved: (move: Move) => void = () => {}): void {
    // Those that nodes were laid down for since: they stand in the tables, so that only another arena keeps them apart.
    if (this.#texts !== this.texts.memory) this.#takeOther(0);
    if (this.#hasGrown) this.#announce();
    const nodes = this.#nodes.slots;
    const zones = this.#zones.slots;
    Atomics.add(this.#control, Control.SEQUENCE, 1);
    for (let i = 0; i < this.#nodeStores.length; i += 2)
      Atomics.store(nodes, this.#nodeStores[i]!, this.#nodeStores[i + 1]!);
    for (let i = 0; i < this.#hiddenNodes.length; i++) this.#octets[this.#hiddenNodes[i]! + NodeField.FLAGS] = 0;
    for (let i = 0; i < this.#zoneStores.length; i += 2)
      Atomics.store(zones, this.#zoneStores[i]!, this.#zoneStores[i + 1]!);
    for (const word of this.#hiddenZones) this.#words[word + ZoneField.FLAGS]! &= ~ZoneFlag.HIDDEN;
    for (const zone of this.#touchedZones) this.#versions[zone]!++;
    Atomics.add(this.#control, Control.SEQUENCE, 1);
    this.#nodeStores = [];
    this.#zoneStores = [];
    this.#hiddenNodes = [];
    this.#hiddenZones = [];
    this.#touchedZones.clear();
    this.tidy(moved);
  }

  /** Whether it is on its way into other memory: `tidy` goes on with that, and so does each publication. */
  get isCompacting(): boolean {
    return this.#compaction !== undefined;
  }

  /**
   * Moves a piece of what lives into other memory, if most of what is laid down does not live any more. Not to be called
   * while something is prepared.
   * @param moved as for `publish`
   */
  tidy(moved: (move: Move) => void): void {
    // What has been laid down since must fit in, too.
    if (
      this.#compaction &&
      (!this.texts.isMoving || this.#end - this.#compaction.leftBehind > this.#compaction.arena.byteLength)
    )
      this.#endCompaction();
    if (!this.#compaction && !this.#isSparse) {
      this.#isLate = false;
      return;
    }
    this.#compaction ??= this.#compact();
    const count = this.#isLate ? Number.POSITIVE_INFINITY : PIECE;
    if (this.#compaction.step(count, this.#nodes, this.#words, this.#end)) this.#goOver(this.#compaction, moved);
  }

  /** The slot that holds a node; -1 when there is none. */
  #findNode(zone: number, name: number, hash: number): number {
    const { slots, mask } = this.#nodes;
    const words = this.#words;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const word = slots[slot]!;
      if (word === 0) return -1;
      if (
        word !== TOMBSTONE &&
        words[word] === hash >>> 0 &&
        words[word + NodeField.ZONE] === zone &&
        this.texts.areOneName(words[word + NodeField.NAME]!, name)
      )
        return slot;
    }
  }

  /** The slot that holds the record of a zone; -1 when there is none. */
  #findZone(id: number, hash: number): number {
    const { slots, mask } = this.#zones;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const word = slots[slot]!;
      if (word === 0) return -1;
      if (word !== TOMBSTONE && this.#words[word] === hash >>> 0 && this.#words[word + ZoneField.ID] === id)
        return slot;
    }
  }

  /** Takes octets from the arena. @returns the offset */
  #reserve(size: number): number {
    if (this.#end + size > this.#arena.byteLength) this.#takeOther(size);
    const at = this.#end;
    this.#end += size;
    return at;
  }

  /** Goes on in another arena with the same content and room for that many octets more. */
  #takeOther(more: number): void {
    let length = this.#arena.byteLength;
    while (this.#end + more > length) length *= 2;
    const previous = this.#octets;
    this.#takeArena(new SharedArrayBuffer(length));
    previous.copy(this.#octets, 0, 0, this.#end);
    this.#takeTables();
  }

  /**
   * Goes on in tables that nobody reads yet: who reads in the arena's or the texts' old memory must not meet what lies in the
   * new one.
   */
  #takeTables(): void {
    this.#endCompaction();
    this.#generation++;
    this.#texts = this.texts.memory;
    if (this.#hasGrown) return;
    this.#nodes = this.#nodes.copy();
    this.#zones = this.#zones.copy();
    this.#hasGrown = true;
  }

  #takeArena(arena: SharedArrayBuffer): void {
    this.#arena = arena;
    this.#words = new Uint32Array(arena);
    this.#octets = octetsOf(arena);
  }

  get #isSparse(): boolean {
    return (this.#garbage > MIN_GARBAGE && this.#garbage > this.#end / 2) || this.texts.isSparse;
  }

  #compact(): Compaction {
    let length = FIRST_ARENA;
    while (length < (this.#end - this.#garbage) * 2) length *= 2;
    return new Compaction(this.texts, this.#nodes.mask + 1, length, this.#garbage);
  }

  /** Gives a compaction up: what it was begun with lies elsewhere now. */
  #endCompaction(): void {
    if (!this.#compaction) return;
    this.#compaction = undefined;
    this.#isLate = true;
    this.texts.stopMoving();
  }

  /** Ends a compaction; readers go on in the old buffers until they adopt. */
  #goOver(compaction: Compaction, moved: (move: Move) => void): void {
    const words = this.#words;
    moved((type, place) => this.texts.move(type, place));
    compaction.finish(this.#nodes);
    this.texts.finishMoving();
    const zones = new Table(this.#zones.mask + 1);
    for (const word of this.#zones.slots) {
      if (word <= TOMBSTONE) continue;
      zones.insert(words[word]!, compaction.move(word, words));
    }
    this.#nodes = compaction.nodes;
    this.#zones = zones;
    this.#end = compaction.end;
    this.#garbage = compaction.garbage;
    this.#takeArena(compaction.arena);
    this.#texts = this.texts.memory;
    this.#generation++;
    this.#compaction = undefined;
    this.#isLate = false;
    this.#announce();
  }

  /** Hands out new buffers, then says that there are some. */
  #announce(): void {
    this.#hasGrown = false;
    this.#epoch++;
    this.#adopt(this.buffers);
    Atomics.store(this.#control, Control.EPOCH, this.#epoch);
  }
}

/** Words that an RRset's data takes. */
function wordsOf({ rdata, views }: RRsetData): number {
  if (!views) return rdata.length;
  let octets = 0;
  for (let i = 0; i < views.length; i++) octets += 1 + views[i]!.length;
  return rdata.length + align(octets) / 4;
}

/** @returns where they end */
function writeRules(octets: OctetBuffer, rules: readonly Views[], start: number): number {
  let at = start;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i]!;
    octets[at++] = rule.length;
    for (let j = 0; j < rule.length; j++) octets[at++] = rule.charCodeAt(j);
  }
  return at;
}
