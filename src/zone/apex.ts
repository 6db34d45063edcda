// What stands at the apex of a zone that we make: its SOA and name servers, beside what files and tasks say there.
import { Type } from '../wire/codes.ts';
import type { Octets } from '../wire/name.ts';
import { soaRdata, u32 } from '../wire/rr.ts';
import type { RRsetData } from './image.ts';
import { madeSet } from './rrsets.ts';
import type { ZoneSpec } from './spec.ts';
import type { Texts } from './texts.ts';

/** Octets of SOA rdata behind its two names, five numbers (RFC 1035 3.3.13), and those of them behind the serial. */
const SOA_NUMBERS = 20;
const BEHIND_SERIAL = 16;

/** The serial of SOA rdata. */
export function serialOf(rdata: Octets): number {
  return Buffer.from(rdata.slice(-SOA_NUMBERS, -BEHIND_SERIAL), 'latin1').readUInt32BE();
}

/**
 * The RRsets of an apex. A file may bring an SOA of its own, whose serial is ours all the same, and name servers.
 * @param said what files and tasks say there
 */
export function apexSets(texts: Texts, spec: ZoneSpec, serial: number, said: readonly RRsetData[]): RRsetData[] {
  const own = said.find((set) => set.type === Type.SOA);
  const sets = said.filter((set) => set !== own);
  const given = own && texts.text(own.rdata[0]!);
  const rdata = given
    ? given.slice(0, -SOA_NUMBERS) + u32(serial) + given.slice(-BEHIND_SERIAL)
    : soaRdata({ ...spec.soa, serial });
  sets.push(madeSet(texts, Type.SOA, own?.ttl ?? spec.soaTtl, [rdata]));
  for (const { type, ttl } of spec.apex)
    if (!sets.some((set) => set.type === type)) sets.push(madeSet(texts, type, ttl, rdataOf(spec, type)));
  return sets;
}

function rdataOf({ apex }: ZoneSpec, type: number): Octets[] {
  return apex.filter((rr) => rr.type === type).map((rr) => rr.rdata);
}
