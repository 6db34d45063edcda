// What a zone is apart from its data: origin, SOA, name servers, and whether it is another zone under a second name.
// Alias zones hold no data: the query path asks the target zone and writes the names back (dcos-net's renames and its
// mirror of the Mesos domain). Here is also the listing of such a zone, for people who want to read it.
import { Type } from '../wire/codes.ts';
import type { Name, Octets, OwnerName } from '../wire/name.ts';
import { fold, isAtOrBelow, MAX_NAME } from '../wire/name.ts';
import type { RR, SoaFields } from '../wire/rr.ts';
import { u16 } from '../wire/rr.ts';

export interface ZoneSpec {
  readonly origin: Name;
  /** The SOA but for its serial, which the zone's changes count. */
  readonly soa: Omit<SoaFields, 'serial'>;
  /** TTL of the SOA record, seconds. */
  readonly soaTtl: number;
  /** What stands at the origin beside the SOA: the NS records. Empty in an alias zone that has none of its own. */
  readonly apex: readonly RR[];
  /** Types of which only the smallest rdata is served, however many records are contributed. */
  readonly singleValued?: readonly number[];
  /** Present when the zone's data is that of another zone. */
  readonly alias?: ZoneAlias;
}

export interface ZoneAlias {
  /** Origin of the zone that holds the data; never itself an alias. */
  readonly target: OwnerName;
  /** Seconds; in place of the TTL of every record of the target. */
  readonly ttl?: number;
  /** In place of what every SRV record of the target says. */
  readonly srv?: { readonly priority: number; readonly weight: number };
}

/** Octets before the name that ends the rdata, for the types whose names a rename reaches (RFC 1035 3.3, RFC 2782). */
const NAME_OFFSET: Readonly<Record<number, number>> = {
  [Type.NS]: 0,
  [Type.CNAME]: 0,
  [Type.PTR]: 0,
  [Type.DNAME]: 0,
  [Type.MX]: 2,
  [Type.SRV]: 6,
};

/**
 * The records that an alias zone answers, its SOA left out (the caller knows the serial).
 * @param targetRecords all records of the target zone, its SOA and NS included or not
 * @returns without the records whose new name would be over 255 octets
 */
export function expandAlias(spec: ZoneSpec, targetRecords: Iterable<RR>): RR[] {
  const { alias } = spec;
  if (alias === undefined) throw new TypeError('Cannot expand a zone that is no alias: spec.alias is not set');
  const records: RR[] = [...spec.apex];
  for (const record of targetRecords) {
    if (record.type === Type.SOA) continue;
    if (record.type === Type.NS && spec.apex.length > 0 && fold(record.owner) === alias.target) continue;
    const owner = rename(record.owner, alias.target, spec.origin);
    const rdata = renameRdata(record, alias, spec.origin);
    if (owner === undefined || rdata === undefined) continue;
    records.push({ ...record, owner, rdata, ttl: alias.ttl ?? record.ttl });
  }
  return records;
}

function rename(name: Name, from: OwnerName, to: Name): Name | undefined {
  if (!isAtOrBelow(fold(name), from)) return name;
  const renamed = name.slice(0, name.length - from.length) + to;
  return renamed.length > MAX_NAME ? undefined : renamed;
}

function renameRdata({ type, rdata }: RR, alias: ZoneAlias, origin: Name): Octets | undefined {
  const offset = NAME_OFFSET[type];
  if (offset === undefined) return rdata;
  const name = rename(rdata.slice(offset), alias.target, origin);
  if (name === undefined) return undefined;
  if (type === Type.SRV && alias.srv !== undefined)
    return u16(alias.srv.priority) + u16(alias.srv.weight) + rdata.slice(4, 6) + name;
  return rdata.slice(0, offset) + name;
}
