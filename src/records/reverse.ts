// Names of addresses (PTR records, RFC 1035 3.5, RFC 3596 2.5), which the reference does not have. Only addresses in
// the configured prefixes get one; of several names that share an address the zone serves the smallest.
import { Type } from '../wire/codes.ts';
import type { Name, Octets, OwnerName } from '../wire/name.ts';
import { parentOf, parseName, ROOT } from '../wire/name.ts';
import { addressOctets } from '../wire/rr.ts';
import type { AddressPrefix } from './settings.ts';
import type { AddressCache, WireWriter } from './writer.ts';

const IN_ADDR = parseName('in-addr.arpa');
const IP6 = parseName('ip6.arpa');

/** The name that stands for an address: `10.2.0.192.in-addr.arpa.` */
export function reverseName(octets: Octets): OwnerName {
  return octets.length === 4 ? reverseLabels(octets, 4, 8) : reverseLabels(octets, 32, 4);
}

/** The name for the first `count` steps of an address: of 8 bits each in IPv4, of 4 bits in IPv6. */
function reverseLabels(octets: Octets, count: number, step: 8 | 4): OwnerName {
  let name = step === 8 ? IN_ADDR : IP6;
  for (let i = 0; i < count; i++) {
    const octet = octets.charCodeAt(step === 8 ? i : i >> 1);
    const label = step === 8 ? String(octet) : ((i % 2 === 0 ? octet >> 4 : octet) & 15).toString(16);
    name = String.fromCharCode(label.length) + label + name;
  }
  return name;
}

/**
 * Origins of the zones that cover a prefix. One whose length is not a whole number of labels takes several zones:
 * 10.0.0.0/9 is 128 of them, 0.10.in-addr.arpa to 127.10.in-addr.arpa.
 * @throws RangeError naming the prefix
 */
export function reverseOrigins({ address, length }: AddressPrefix): OwnerName[] {
  const octets = addressOctets(address);
  if (octets === undefined || !Number.isInteger(length) || length < 0 || length > 8 * octets.length)
    throw new RangeError(`reverse.prefixes: expected a prefix such as 10.0.0.0/8, got ${address}/${length}`);
  const step = octets.length === 4 ? 8 : 4;
  const count = Math.ceil(length / step);
  const zones = 2 ** (count * step - length);
  const bits = [...octets].flatMap((c) => [...c.charCodeAt(0).toString(2).padStart(8, '0')]).slice(0, length);
  return Array.from({ length: zones }, (_, i) => {
    const own = zones === 1 ? '' : i.toString(2).padStart(Math.log2(zones), '0');
    const all = (bits.join('') + own).padEnd(8 * octets.length, '0');
    const start = all.replace(/.{8}/g, (octet) => String.fromCharCode(Number.parseInt(octet, 2)));
    return reverseLabels(start, count, step);
  });
}

/** The reverse zones and the records written to them. */
export class ReverseZones {
  readonly #writers: ReadonlyMap<OwnerName, WireWriter>;
  readonly #addresses: AddressCache;

  /** @param newWriter makes a writer for a zone */
  constructor(origins: Iterable<OwnerName>, addresses: AddressCache, newWriter: (origin: OwnerName) => WireWriter) {
    this.#writers = new Map(Array.from(origins, (origin) => [origin, newWriter(origin)]));
    this.#addresses = addresses;
  }

  /** Whether there are none: no address gets a name. */
  get isEmpty(): boolean {
    return this.#writers.size === 0;
  }

  /** Writes that an address is called `target`, if one of the zones has the address. */
  write(ip: string, target: Name): void {
    if (this.isEmpty) return;
    const octets = this.#addresses.octets(ip);
    if (octets === undefined) return;
    const name = reverseName(octets);
    for (let origin = name; origin !== ROOT; origin = parentOf(origin)) {
      const writer = this.#writers.get(origin);
      if (writer !== undefined) {
        writer.record(name, Type.PTR, target);
        return;
      }
    }
  }
}
