// The zones at rest. A zone is the multiset sum of contributions: each task, agent, framework and file contributes
// records under its key, and replacing a contribution touches no more than the owners it named before and names now.
// `commit` brings what changed into the image.
import { Type } from '../wire/codes.ts';
import { fold, type Name, type Octets, type OwnerName, parentOf } from '../wire/name.ts';
import { type RR, type SoaFields, soaRdata, u32 } from '../wire/rr.ts';
import { EVERYWHERE, eitherOf, type Views } from '../wire/views.ts';
import type { Image, RRsetData } from './image.ts';
import { ZoneFlag } from './layout.ts';
import { hashOwner, Owners } from './owners.ts';
import { NONE, Rows } from './rows.ts';
import type { ZoneSpec } from './spec.ts';

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
  /** Owners to be laid out anew. */
  readonly stale: Set<number>;
  /** Zones that show this one under another name. */
  readonly aliases: Set<Zone>;
}

export class ZoneStore {
  readonly #image: Image;
  readonly #now: () => number;
  readonly #rows = new Rows();
  readonly #zones = new Map<OwnerName, Zone>();
  /** Zones that the next commit has to look at. */
  readonly #dirty = new Set<Zone>();
  #nextZone = 1;
  /** Zones by number. */
  readonly #zoneOf: (Zone | undefined)[] = [];
  /** Contributions by key: the rows that each one counts in. */
  readonly #contributions = new Map<string, Int32Array>();
  readonly #owners = new Owners();
  readonly #removed: { zone: number; name: Name }[] = [];
  readonly #ended: Zone[] = [];
  #newOwners = 0;
  /** Owners of the contribution at hand: its records name each several times, with one and the same string. */
  readonly #found = new Map<Name, number>();

  /** @param now milliseconds since 1970: the first serial of a zone that we make is the time in seconds (RFC 1912 2.2) */
  constructor(image: Image, now: () => number) {
    this.#image = image;
    this.#now = now;
  }

  /** Origins of all zones. */
  get origins(): OwnerName[] {
    return [...this.#zones.keys()];
  }

  /** Distinct records in all zones, and owner names. */
  get size(): { readonly records: number; readonly owners: number } {
    return { records: this.#rows.size, owners: this.#owners.size };
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
      stale: new Set(),
      aliases: new Set(),
    };
    this.#zones.set(key, zone);
    this.#zoneOf[zone.id] = zone;
    this.#dirty.add(zone);
    if (spec?.alias) this.#zones.get(spec.alias.target)?.aliases.add(zone);
    else {
      zone.apex = this.#addOwner(zone, origin, hashOwner(zone.id, origin), NONE);
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

  /** Replaces what a key contributes; an empty list takes it away. Records outside their zone are left out. */
  set(key: string, contributions: readonly Contribution[]): void {
    const before = this.#contributions.get(key);
    const rows: number[] = [];
    const owners = this.#found;
    for (const { zone: origin, records } of contributions) {
      const zone = this.#zones.get(origin);
      if (!zone) continue;
      owners.clear();
      for (const rr of records) {
        let owner = owners.get(rr.owner);
        if (owner === undefined) {
          owner = this.#owner(zone, rr.owner);
          owners.set(rr.owner, owner);
        }
        if (owner !== NONE) rows.push(this.#addRow(zone, owner, rr));
      }
    }
    if (rows.length > 0) this.#contributions.set(key, new Int32Array(rows));
    else this.#contributions.delete(key);
    // The new are counted before the old are taken away, so what is in both never leaves.
    if (before) for (const row of before) this.#subtractRow(row);
  }

  /** Brings all changes into force in the image at once. Without any, nothing moves. */
  commit(): Committed {
    const image = this.#image;
    if (this.#dirty.size === 0 && this.#ended.length === 0) return { zones: [], owners: 0 };
    const changed: OwnerName[] = [];
    let owners = this.#removed.length;
    for (const zone of this.#dirty) if (zone.isChanged && !zone.spec?.alias) zone.stale.add(zone.apex);
    image.prepare(this.#newOwners + this.#dirty.size * 2, this.#dirty.size, this.#nextZone);
    for (const zone of this.#ended) this.#endZone(zone);
    for (const { zone, name } of this.#removed) image.removeNode(zone, name);
    for (const zone of this.#dirty) {
      if (zone.isRecordStale) this.#layZone(zone);
      if (zone.spec?.alias || !zone.isChanged) continue;
      changed.push(fold(zone.origin));
      if (zone.spec) zone.serial = (zone.serial + 1) >>> 0;
      owners += zone.stale.size;
      for (const owner of zone.stale)
        image.setNode(zone.id, this.#owners.name(owner), this.#setsOf(zone, owner), this.#owners.hash(owner));
      zone.stale.clear();
      zone.isChanged = false;
      for (const alias of zone.aliases) this.#layAliasApex(alias, zone.serial);
    }
    this.#dirty.clear();
    this.#removed.length = 0;
    this.#ended.length = 0;
    this.#newOwners = 0;
    image.publish();
    return { zones: changed, owners };
  }

  /** A zone's serial; undefined when there is no such zone. */
  serial(origin: OwnerName): number | undefined {
    const zone = this.#zones.get(origin);
    const target = zone?.spec?.alias ? this.#zones.get(zone.spec.alias.target) : zone;
    return target && (target.spec ? target.serial : this.#fileSoa(target)?.serial);
  }

  /** All records of a zone as they are served, the SOA first; those of an alias are its target's. */
  *records(origin: OwnerName): IterableIterator<RR> {
    const zone = this.#zones.get(origin);
    if (!zone) return;
    if (zone.apex === NONE) return;
    for (const owner of this.#owners.ofZone(zone.apex)) {
      const name = this.#owners.name(owner);
      const sets = this.#setsOf(zone, owner);
      sets.sort((a, b) => Number(b.type === Type.SOA) - Number(a.type === Type.SOA));
      for (const set of sets)
        for (const [i, rdata] of set.rdata.entries())
          yield {
            owner: name,
            type: set.type,
            ttl: set.ttl,
            rdata,
            ...(set.views ? { views: set.views[i]! } : {}),
          };
    }
  }

  /** The number of a name in a zone; added with all that is missing above it. @returns NONE when it is outside the zone */
  #owner(zone: Zone, name: Name): number {
    const hash = hashOwner(zone.id, name);
    const known = this.#owners.find(zone.id, name, hash);
    if (known !== NONE || name.length <= zone.origin.length) return known;
    const parent = this.#owner(zone, parentOf(name));
    return parent === NONE ? NONE : this.#addOwner(zone, name, hash, parent);
  }

  #addOwner(zone: Zone, name: Name, hash: number, parent: number): number {
    const owner = this.#owners.add(zone.id, name, hash, parent, zone.apex);
    zone.stale.add(owner);
    this.#newOwners++;
    return owner;
  }

  #addRow(zone: Zone, owner: number, rr: RR): number {
    const head = this.#owners.first(owner);
    const row = this.#rows.add(owner, head, rr);
    if (this.#rows.count(row) > 1) return row;
    this.#owners.setFirst(owner, row);
    this.#touch(zone, owner);
    this.#countSpecial(zone, owner, rr.type, 1);
    return row;
  }

  #subtractRow(row: number): void {
    const rows = this.#rows;
    const owner = rows.owner(row);
    const zone = this.#zoneOf[this.#owners.zone(owner)]!;
    const type = rows.type(row);
    const next = rows.next(row);
    const isFirst = this.#owners.first(owner) === row;
    if (!rows.subtract(row)) return;
    if (isFirst) this.#owners.setFirst(owner, next);
    this.#touch(zone, owner);
    this.#countSpecial(zone, owner, type, -1);
    this.#dropIfEmpty(zone, owner);
  }

  #touch(zone: Zone, owner: number): void {
    zone.stale.add(owner);
    zone.isChanged = true;
    this.#dirty.add(zone);
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
    if (owners.first(owner) !== NONE || owners.children(owner) > 0 || owner === zone.apex) return;
    const parent = owners.parent(owner);
    this.#removed.push({ zone: zone.id, name: owners.name(owner) });
    zone.stale.delete(owner);
    owners.remove(owner);
    this.#dropIfEmpty(zone, parent);
  }

  /** The RRsets of an owner: one TTL for each (RFC 2181 5.2: the least), no record twice, sorted. */
  #setsOf(zone: Zone, owner: number): RRsetData[] {
    const rows = this.#rows;
    const all: number[] = [];
    for (let row = this.#owners.first(owner); row !== NONE; row = rows.next(row)) all.push(row);
    sortRows(all, rows);
    const result: RRsetData[] = [];
    const isApex = owner === zone.apex;
    let given: RRsetData | undefined;
    for (let at = 0; at < all.length; ) {
      const type = rows.type(all[at]!);
      let end = at + 1;
      while (end < all.length && rows.type(all[end]!) === type) end++;
      const set = this.#setOf(type, all, at, end, zone.spec?.singleValued?.includes(type) ?? false);
      if (isApex && type === Type.SOA && zone.spec) given = set;
      else result.push(set);
      at = end;
    }
    if (isApex && zone.spec) this.#addMadeApex(zone, zone.spec, result, given);
    return result;
  }

  /** One RRset from sorted rows; rows that differ in TTL or views alone are one record. */
  #setOf(type: number, sorted: readonly number[], from: number, to: number, isSingle: boolean): RRsetData {
    const rows = this.#rows;
    let ttl = rows.ttl(sorted[from]!);
    const rdata: Octets[] = [];
    const views: Views[] = [];
    for (let i = from; i < to; i++) {
      const row = sorted[i]!;
      ttl = Math.min(ttl, rows.ttl(row));
      if (i > from && rows.compare(sorted[i - 1]!, row) === 0) views.push(eitherOf(views.pop()!, rows.views(row)));
      else if (i === from || !isSingle) {
        rdata.push(rows.rdata(row));
        views.push(rows.views(row));
      }
    }
    return { type, ttl, rdata, views: views.some((rule) => rule !== EVERYWHERE) ? views : undefined };
  }

  /** SOA and name servers of a zone that we make; a file may bring its own, whose serial is ours all the same. */
  #addMadeApex(zone: Zone, spec: ZoneSpec, result: RRsetData[], own: RRsetData | undefined): void {
    const given = own?.rdata[0];
    const rdata = given
      ? given.slice(0, -20) + u32(zone.serial) + given.slice(-16)
      : soaRdata({ ...spec.soa, serial: zone.serial });
    result.push({ type: Type.SOA, ttl: own?.ttl ?? spec.soaTtl, rdata: [rdata] });
    for (const rr of spec.apex)
      if (!result.some((set) => set.type === rr.type))
        result.push({
          type: rr.type,
          ttl: rr.ttl,
          rdata: spec.apex.filter((other) => other.type === rr.type).map((other) => other.rdata),
        });
  }

  #fileSoa(zone: Zone): SoaFields | undefined {
    if (zone.apex === NONE) return undefined;
    for (let row = this.#owners.first(zone.apex); row !== NONE; row = this.#rows.next(row)) {
      if (this.#rows.type(row) !== Type.SOA) continue;
      const rdata = this.#rows.rdata(row);
      const number = (from: number) =>
        Buffer.from(rdata.slice(from, from === -4 ? undefined : from + 4), 'latin1').readUInt32BE();
      return {
        mname: '',
        rname: '',
        serial: number(-20),
        refresh: number(-16),
        retry: number(-12),
        expire: number(-8),
        minimum: number(-4),
      };
    }
    return undefined;
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
    if (spec.apex.length === 0) return;
    const sets: RRsetData[] = [{ type: Type.SOA, ttl: spec.soaTtl, rdata: [soaRdata({ ...spec.soa, serial })] }];
    const types = new Set(spec.apex.map((rr) => rr.type));
    for (const type of types) {
      const records = spec.apex.filter((rr) => rr.type === type);
      sets.push({ type, ttl: records[0]!.ttl, rdata: records.map((rr) => rr.rdata) });
    }
    this.#image.setNode(zone.id, zone.origin, sets);
  }

  #endZone(zone: Zone): void {
    if (zone.spec?.alias) this.#image.removeNode(zone.id, zone.origin);
    else
      for (const owner of this.#owners.ofZone(zone.apex)) {
        this.#image.removeNode(zone.id, this.#owners.name(owner));
        this.#owners.remove(owner);
      }
    this.#image.removeZone(zone.id, zone.origin);
    this.#zoneOf[zone.id] = undefined;
  }
}

/** Most owners have a handful of rows, for which a call of a comparator costs more than the moves it saves. */
const FEW = 12;

function sortRows(all: number[], rows: Rows): void {
  if (all.length > FEW) {
    all.sort((a, b) => rows.compare(a, b));
    return;
  }
  for (let i = 1; i < all.length; i++) {
    const row = all[i]!;
    let at = i;
    for (; at > 0 && rows.compare(all[at - 1]!, row) > 0; at--) all[at] = all[at - 1]!;
    all[at] = row;
  }
}
