// The zones at rest. A zone is the multiset sum of contributions: each task, agent, framework and file contributes
// records under its key, and replacing a contribution touches no more than the owners it named before and names now.
// `commit` brings what changed into the image.
import { Type } from '../wire/codes.ts';
import { fold, type Name, type OwnerName } from '../wire/name.ts';
import { hashName, hashNode, hashSuffixes, suffixHash, suffixStart } from '../wire/name-hash.ts';
import type { NameNode } from '../wire/name-node.ts';
import { NodeRecord } from '../wire/node-record.ts';
import type { RR } from '../wire/rr.ts';
import { apexSets, serialOf } from './apex.ts';
import { Contents, NONE } from './contents.ts';
import type { Image, RRsetData } from './image.ts';
import { ZoneFlag } from './layout.ts';
import { NumberLists } from './number-lists.ts';
import { Owners } from './owners.ts';
import { RRsetRow } from './rrsets.ts';
import type { ZoneSpec } from './spec.ts';
import { type Move, NOWHERE } from './texts.ts';

/** The records that one key adds to one zone. */
export interface Contribution {
  readonly zone: OwnerName;
  readonly records: readonly RR[];
}

/** What a commit brought. */
export interface Committed {
  /** Zones whose content changed. */
  readonly zones: readonly OwnerName[];
  /** Owner names that were laid out anew or taken away. */
  readonly owners: number;
}

interface Zone {
  readonly id: number;
  readonly origin: Name;
  /** Absent in a zone that is made of a file alone. */
  spec: ZoneSpec | undefined;
  serial: number;
  isReady: boolean;
  /** Number of the apex among the owners; NONE in an alias. */
  apex: number;
  /** Owners below the apex that have NS, and owners that have DNAME. */
  cuts: number;
  dnames: number;
  /** Whether its content changed since the last commit. */
  isChanged: boolean;
  /** Whether its record in the image has to be written. */
  isRecordStale: boolean;
  /** Owners to be laid out anew; those among them that are not stale any more have been, or have gone. */
  stale: number[];
  /** Zones that show this one under another name. */
  readonly aliases: Set<Zone>;
}

/** What is reserved of each kind at most: the need is a guess. Some 70 MB each. */
const MOST_RESERVED = [1 << 21, 1 << 21, 1 << 24, 1 << 26];

export class ZoneStore {
  readonly #image: Image;
  readonly #now: () => number;
  readonly #contents: Contents;
  /** What each owner's records say, ascending, once for each contribution that says it; and the contributions. */
  readonly #lists = new NumberLists();
  #records = 0;
  readonly #zones = new Map<OwnerName, Zone>();
  /** Zones that the next commit has to look at. */
  readonly #dirty = new Set<Zone>();
  #nextZone = 1;
  /** Zones by number. */
  readonly #zoneOf: (Zone | undefined)[] = [];
  /**
   * Contributions by key. The first number of each list is its length; then follow, for all that it says, the content, how
   * many owners there are, and these.
   */
  readonly #contributions = new Map<string, number>();
  /** The one that is being made. */
  readonly #draft: number[] = [];
  readonly #owners: Owners;
  /** Since when every number of an owner is what it was. */
  #asOf = newStamp();
  /** Owners that are gone from the store and still in the image. */
  readonly #removed: { zone: number; place: number; hash: number }[] = [];
  readonly #ended: Zone[] = [];
  /** Takes note of where all texts are moved to. */
  readonly #moved = (move: Move): void => {
    this.#owners.move(move);
    this.#contents.move(move);
  };
  #newOwners = 0;

  /** @param now milliseconds since 1970: the first serial of a zone that we make is the time in seconds (RFC 1912 2.2) */
  constructor(image: Image, now: () => number) {
    this.#image = image;
    this.#now = now;
    this.#owners = new Owners(image.texts);
    this.#contents = new Contents(image.texts, (name) => this.#placeOf(name));
  }

  /** Origins of all zones. */
  get origins(): OwnerName[] {
    return [...this.#zones.keys()];
  }

  /** Distinct records in all zones, and owner names. */
  get size(): { readonly records: number; readonly owners: number } {
    return { records: this.#records, owners: this.#owners.size };
  }

  hasZone(origin: OwnerName): boolean {
    return this.#zones.has(origin);
  }

  /** Whether a zone has a spec of its own, and so goes on without any file. */
  isMade(origin: OwnerName): boolean {
    return this.#zones.get(origin)?.spec !== undefined;
  }

  /**
   * Adds a zone. Without a spec its SOA has to come in a contribution. An alias's target has to be there before it.
   * @param isReady false: it is answered with SERVFAIL until `setReady`
   */
  addZone(origin: Name, spec?: ZoneSpec, isReady = true): void {
    const key = fold(origin);
    if (this.#zones.has(key)) return;
    const zone: Zone = {
      id: this.#nextZone++,
      origin,
      spec,
      serial: spec ? Math.floor(this.#now() / 1000) >>> 0 : 0,
      isReady,
      apex: NONE,
      cuts: 0,
      dnames: 0,
      isChanged: true,
      isRecordStale: true,
      stale: [],
      aliases: new Set(),
    };
    this.#zones.set(key, zone);
    this.#zoneOf[zone.id] = zone;
    this.#dirty.add(zone);
    if (spec?.alias) this.#zones.get(spec.alias.target)?.aliases.add(zone);
    else {
      zone.apex = this.#addOwner(zone, origin, apexHash(zone), NONE);
    }
  }

  /** Takes a zone away; its contributions have to be taken away as well. */
  removeZone(origin: OwnerName): void {
    const zone = this.#zones.get(origin);
    if (!zone) return;
    this.#zones.delete(origin);
    this.#dirty.delete(zone);
    if (zone.spec?.alias) this.#zones.get(zone.spec.alias.target)?.aliases.delete(zone);
    this.#ended.push(zone);
  }

  /** Whether what a zone is made of is known. */
  setReady(origin: OwnerName, isReady: boolean): void {
    const zone = this.#zones.get(origin);
    if (!zone || zone.isReady === isReady) return;
    zone.isReady = isReady;
    zone.isRecordStale = true;
    this.#dirty.add(zone);
  }

  /** How many keys contribute something. */
  get contributors(): number {
    return this.#contributions.size;
  }

  /** How much room of each kind has been taken so far. */
  get taken(): readonly number[] {
    return [this.#owners.taken, this.#contents.taken, this.#lists.taken, this.#image.texts.size.used];
  }

  /** Makes about that much more room of each kind at once, which would else be done by doubling it again and again. */
  reserve(more: readonly number[]): void {
    const [owners = 0, contents = 0, lists = 0, texts = 0] = more.map((count, kind) =>
      Math.min(count, MOST_RESERVED[kind]!),
    );
    this.#owners.reserve(owners);
    this.#contents.reserve(contents);
    this.#lists.reserve(lists);
    this.#image.texts.reserve(texts);
  }

  /** Replaces what a key contributes; an empty list takes it away. Records outside their zone are left out. */
  set(key: string, contributions: readonly Contribution[]): void {
    const before = this.#contributions.get(key);
    const draft = this.#draft;
    draft.length = 1;
    /** Where the draft has the content that it told of last. */
    let told = 0;
    for (const { zone: origin, records } of contributions) {
      const zone = this.#zones.get(origin);
      if (!zone) continue;
      for (let i = 0; i < records.length; i++) {
        const rr = records[i]!;
        const owner = rr instanceof NodeRecord ? this.#ownerOf(zone, rr.node) : this.#owner(zone, rr.owner);
        if (owner === NONE) continue;
        const content = this.#contents.of(rr);
        if (told === 0 || draft[told] !== content) told = draft.push(content, 0) - 2;
        draft[told + 1]!++;
        draft.push(owner);
        this.#add(zone, owner, content, rr.type);
      }
    }
    // The new are counted before the old are taken away, so what is in both never leaves.
    if (before !== undefined) this.#takeBack(before);
    if (draft.length > 1) this.#contributions.set(key, this.#kept(draft));
    else this.#contributions.delete(key);
  }

  /** A draft as a list. */
  #kept(draft: readonly number[]): number {
    const lists = this.#lists;
    const { length } = draft;
    const list = lists.create(length);
    lists.set(list, 0, length);
    for (let i = 1; i < length; i++) lists.set(list, i, draft[i]!);
    return list;
  }

  #takeBack(list: number): void {
    const lists = this.#lists;
    const length = lists.get(list, 0);
    for (let at = 1; at < length; ) {
      const content = lists.get(list, at++);
      for (let owners = lists.get(list, at++); owners > 0; owners--) this.#subtract(lists.get(list, at++), content);
    }
    lists.remove(list, length);
  }

  /** Brings all changes into force in the image at once. Without any, nothing moves. */
  commit(): Committed {
    const image = this.#image;
    if (this.#dirty.size === 0 && this.#ended.length === 0) return { zones: [], owners: 0 };
    const changed: OwnerName[] = [];
    let owners = this.#removed.length;
    for (const zone of this.#dirty) if (zone.isChanged && !zone.spec?.alias) this.#makeStale(zone, zone.apex);
    image.prepare(this.#newOwners + this.#dirty.size * 2, this.#dirty.size, this.#nextZone);
    for (const zone of this.#ended) this.#endZone(zone);
    for (const { zone, place, hash } of this.#removed) image.removeNode(zone, place, hash);
    for (const zone of this.#dirty) {
      if (zone.isRecordStale) this.#layZone(zone);
      if (zone.spec?.alias || !zone.isChanged) continue;
      changed.push(fold(zone.origin));
      if (zone.spec) zone.serial = (zone.serial + 1) >>> 0;
      const row = new RRsetRow(this.#contents, zone.spec?.singleValued);
      for (let i = 0; i < zone.stale.length; i++) {
        const owner = zone.stale[i]!;
        if (this.#owners.zone(owner) !== zone.id || !this.#owners.takeStale(owner)) continue;
        const sets = this.#setsOf(zone, owner, row);
        image.setNode(zone.id, this.#owners.place(owner), sets, this.#owners.hash(owner));
        owners++;
      }
      zone.stale = [];
      zone.isChanged = false;
      for (const alias of zone.aliases) this.#layAliasApex(alias, zone.serial);
    }
    this.#dirty.clear();
    this.#removed.length = 0;
    this.#ended.length = 0;
    this.#newOwners = 0;
    image.publish(this.#moved);
    return { zones: changed, owners };
  }

  /** Whether the image is on its way into other memory: `tidy` goes on with that, and so does each commit. */
  get isCompacting(): boolean {
    return this.#image.isCompacting;
  }

  /** Goes on with it for a few milliseconds. */
  tidy(): void {
    // What is not committed yet goes by where texts lie now.
    if (this.#dirty.size === 0 && this.#ended.length === 0) this.#image.tidy(this.#moved);
  }

  /** A zone's serial; undefined when there is no such zone. */
  serial(origin: OwnerName): number | undefined {
    const zone = this.#zones.get(origin);
    const target = zone?.spec?.alias ? this.#zones.get(zone.spec.alias.target) : zone;
    return target && (target.spec ? target.serial : this.#fileSerial(target));
  }

  /** All records of a zone as they are served, the SOA first; those of an alias are its target's. */
  *records(origin: OwnerName): IterableIterator<RR> {
    const zone = this.#zones.get(origin);
    if (!zone) return;
    if (zone.apex === NONE) return;
    const row = new RRsetRow(this.#contents, zone.spec?.singleValued);
    for (const owner of this.#owners.ofZone(zone.id, zone.apex)) {
      const name = this.#owners.name(owner);
      const sets = [...this.#setsOf(zone, owner, row)];
      sets.sort((a, b) => Number(b.type === Type.SOA) - Number(a.type === Type.SOA));
      for (const set of sets)
        for (const [i, at] of set.rdata.entries())
          yield {
            owner: name,
            type: set.type,
            ttl: set.ttl,
            rdata: this.#image.texts.rdata(set.type, at),
            ...(set.views ? { views: set.views[i]! } : {}),
          };
    }
  }

  /** The number of a name in a zone; added with all that is missing above it. @returns NONE when it is outside the zone */
  #owner(zone: Zone, name: Name): number {
    const owners = this.#owners;
    const labels = hashSuffixes(name);
    let missing = 0;
    let owner = NONE;
    for (; missing <= labels; missing++) {
      const from = suffixStart(missing);
      if (name.length - from < zone.origin.length) return NONE;
      owner = owners.find(zone.id, name, from, hashNode(suffixHash(missing), zone.id));
      if (owner !== NONE) break;
    }
    while (owner !== NONE && missing > 0) {
      missing--;
      owner = this.#addOwner(zone, name.slice(suffixStart(missing)), hashNode(suffixHash(missing), zone.id), owner);
    }
    return owner;
  }

  /** The same, of a name that may have its number noted. */
  #ownerOf(zone: Zone, node: NameNode): number {
    if (node.noted === this.#asOf && this.#owners.zone(node.owner) === zone.id) return node.owner;
    const { parent } = node;
    let owner = NONE;
    if (parent !== undefined && node.length > zone.origin.length) {
      const above = this.#ownerOf(zone, parent);
      if (above === NONE) return NONE;
      const hash = hashNode(node.hash, zone.id);
      owner = this.#owners.findChild(above, node, hash);
      if (owner === NONE) owner = this.#added(zone, this.#owners.addChild(above, node, hash));
    } else if (node.length === zone.origin.length && fold(node.octets) === fold(zone.origin)) owner = zone.apex;
    if (owner === NONE) return NONE;
    node.owner = owner;
    node.noted = this.#asOf;
    return owner;
  }

  /** Where an owner name lies among the texts that has been noted, and is spelled the same. */
  #placeOf(name: NameNode): number {
    if (name.noted !== this.#asOf) return NOWHERE;
    const place = this.#owners.place(name.owner);
    return this.#image.texts.isNode(place, name) ? place : NOWHERE;
  }

  #addOwner(zone: Zone, name: Name, hash: number, parent: number): number {
    return this.#added(zone, this.#owners.add(zone.id, name, hash, parent));
  }

  #added(zone: Zone, owner: number): number {
    this.#makeStale(zone, owner);
    this.#newOwners++;
    return owner;
  }

  #add(zone: Zone, owner: number, content: number, type: number): void {
    const owners = this.#owners;
    const lists = this.#lists;
    const list = owners.list(owner);
    const count = owners.count(owner);
    const at = lists.lowerBound(list, count, content);
    const isNew = at === count || lists.get(list, at) !== content;
    owners.setList(owner, lists.insert(list, count, at, content), count + 1);
    this.#contents.refer(content);
    if (!isNew) return;
    this.#records++;
    this.#touch(zone, owner);
    this.#countSpecial(zone, owner, type, 1);
  }

  #subtract(owner: number, content: number): void {
    const owners = this.#owners;
    const lists = this.#lists;
    const list = owners.list(owner);
    const count = owners.count(owner);
    const at = lists.lowerBound(list, count, content);
    const isLast = at + 1 === count || lists.get(list, at + 1) !== content;
    const type = this.#contents.type(content);
    owners.setList(owner, lists.delete(list, count, at), count - 1);
    this.#contents.release(content);
    if (!isLast) return;
    const zone = this.#zoneOf[owners.zone(owner)]!;
    this.#records--;
    this.#touch(zone, owner);
    this.#countSpecial(zone, owner, type, -1);
    this.#dropIfEmpty(zone, owner);
  }

  #touch(zone: Zone, owner: number): void {
    this.#makeStale(zone, owner);
    if (zone.isChanged) return;
    zone.isChanged = true;
    this.#dirty.add(zone);
  }

  #makeStale(zone: Zone, owner: number): void {
    if (this.#owners.makeStale(owner)) zone.stale.push(owner);
  }

  #countSpecial(zone: Zone, owner: number, type: number, by: 1 | -1): void {
    if (type !== Type.NS && type !== Type.DNAME) return;
    if (type === Type.NS && owner === zone.apex) return;
    const before = zone.cuts > 0 || zone.dnames > 0;
    if (type === Type.NS) zone.cuts += by;
    else zone.dnames += by;
    if (before !== (zone.cuts > 0 || zone.dnames > 0)) zone.isRecordStale = true; // its flags
  }

  /** An owner without records and without anything below it does not exist (RFC 8020). */
  #dropIfEmpty(zone: Zone, owner: number): void {
    const owners = this.#owners;
    if (owners.count(owner) > 0 || owners.hasChildren(owner) || owner === zone.apex) return;
    const parent = owners.parent(owner);
    this.#removed.push({ zone: zone.id, place: owners.place(owner), hash: owners.hash(owner) });
    owners.remove(owner);
    this.#asOf = newStamp();
    this.#dropIfEmpty(zone, parent);
  }

  /** The RRsets of an owner as they are served. */
  #setsOf(zone: Zone, owner: number, row: RRsetRow): readonly RRsetData[] {
    const sets = this.#saidBy(owner, row);
    return owner === zone.apex && zone.spec ? apexSets(this.#image.texts, zone.spec, zone.serial, sets) : sets;
  }

  #saidBy(owner: number, row: RRsetRow): readonly RRsetData[] {
    // Most names say one thing, or are there only because of those below them.
    const count = this.#owners.count(owner);
    if (count === 0) return [];
    return count === 1 ? row.single(this.#lists.get(this.#owners.list(owner), 0)) : row.sets(this.#contentsOf(owner));
  }

  /** What an owner's records say, each once. */
  #contentsOf(owner: number): number[] {
    const list = this.#owners.list(owner);
    const count = this.#owners.count(owner);
    const all: number[] = [];
    for (let i = 0; i < count; i++) {
      const content = this.#lists.get(list, i);
      if (all.length === 0 || all[all.length - 1] !== content) all.push(content);
    }
    return all;
  }

  /** Of the SOA that a file brought. */
  #fileSerial(zone: Zone): number | undefined {
    if (zone.apex === NONE) return undefined;
    const content = this.#contentsOf(zone.apex).find((each) => this.#contents.type(each) === Type.SOA);
    return content === undefined ? undefined : serialOf(this.#contents.rdata(content));
  }

  #layZone(zone: Zone): void {
    const target = zone.spec?.alias ? this.#zones.get(zone.spec.alias.target) : undefined;
    const alias = zone.spec?.alias;
    const hasOwnApex = alias !== undefined && zone.spec!.apex.length > 0;
    this.#image.setZone({
      id: zone.id,
      origin: zone.origin,
      flags:
        (zone.cuts > 0 ? ZoneFlag.HAS_CUTS : 0) |
        (zone.dnames > 0 ? ZoneFlag.HAS_DNAMES : 0) |
        (hasOwnApex ? ZoneFlag.OWN_APEX : 0) |
        (zone.isReady ? 0 : ZoneFlag.NOT_READY),
      alias:
        alias && target
          ? { target: target.id, targetOrigin: target.origin, ttl: alias.ttl, srv: alias.srv }
          : undefined,
    });
    zone.isRecordStale = false;
    zone.isChanged &&= alias === undefined;
    if (target) this.#layAliasApex(zone, target.serial);
  }

  #layAliasApex(zone: Zone, serial: number): void {
    const spec = zone.spec!;
    const { texts } = this.#image;
    if (spec.apex.length === 0) return;
    const sets = apexSets(texts, spec, serial, []);
    this.#image.setNode(zone.id, texts.addLoose(zone.origin), sets, apexHash(zone));
  }

  #endZone(zone: Zone): void {
    const image = this.#image;
    if (zone.spec?.alias) image.removeNode(zone.id, image.texts.addLoose(zone.origin), apexHash(zone));
    else
      for (const owner of this.#owners.ofZone(zone.id, zone.apex)) {
        image.removeNode(zone.id, this.#owners.place(owner), this.#owners.hash(owner));
        this.#owners.remove(owner);
      }
    this.#asOf = newStamp();
    image.removeZone(zone.id, zone.origin);
    this.#zoneOf[zone.id] = undefined;
  }
}

let stamps = 0;

/** Differs from all others, those of other stores included. */
function newStamp(): number {
  return ++stamps;
}

function apexHash({ id, origin }: Zone): number {
  return hashNode(hashName(origin), id);
}
