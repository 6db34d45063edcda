// Records -> a master file (RFC 1035 5) in one fixed form: a record a line, all names absolute, SOA first, then owners in the
// canonical order of RFC 4034 6.1, types by number, rdata by its octets. The same zone always gives the same text.
import { Type } from '../wire/codes.ts';
import type { Name, Octets, OwnerName } from '../wire/name.ts';
import { fold, labelsOf, nameToText } from '../wire/name.ts';
import type { RR } from '../wire/rr.ts';
import { mnemonicOf, rdataToText } from '../wire/types.ts';
import type { ZoneData } from './assemble.ts';

/**
 * A string that sorts by `<` as the name does in canonical order (RFC 4034 6.1): labels from the right, folded, each
 * octet by octet, a name before what is below it.
 */
export function canonicalKey(name: Name): Octets {
  let key = '';
  // Two zeros end a label; a zero octet inside one becomes 0 1, so that it sorts behind the label's end.
  for (const label of labelsOf(fold(name)).reverse()) key += `${label.replaceAll('\0', '\0\x01')}\0\0`;
  return key;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The records of a zone in the order of the file: SOA first, then by owner, type and rdata. Returns a new array. */
export function sortRecords(records: readonly RR[]): RR[] {
  const keys = new Map<Name | OwnerName, Octets>();
  for (const { owner } of records) if (!keys.has(owner)) keys.set(owner, canonicalKey(owner));
  return [...records].sort(
    (a, b) =>
      Number(b.type === Type.SOA) - Number(a.type === Type.SOA) ||
      compare(keys.get(a.owner)!, keys.get(b.owner)!) ||
      a.type - b.type ||
      compare(a.rdata, b.rdata),
  );
}

/** One record as a line of a master file, without the line's end. */
export function recordText(record: RR): string {
  return `${nameToText(record.owner)}\t${record.ttl}\tIN\t${mnemonicOf(record.type)}\t${rdataToText(record.type, record.rdata)}`;
}

/** The whole zone as a master file of ASCII, with a final newline. */
export function writeMasterFile(zone: ZoneData): string {
  return `$ORIGIN ${nameToText(zone.origin)}\n${sortRecords(zone.records)
    .map((record) => `${recordText(record)}\n`)
    .join('')}`;
}
