// Which class a client belongs to, as `Responder.respond` takes it: its view, and whether it wants sets in a stable order.
import { STABLE_ORDER } from '../answer/responder.ts';
import { addressOctets } from '../wire/rr.ts';
import type { ImageReader } from '../zone/image-reader.ts';

/** Addresses that begin with the same bits. */
export interface Prefix {
  /** IPv4 or IPv6, textual. */
  readonly address: string;
  readonly length: number;
}

interface Network {
  readonly octets: Uint8Array;
  readonly length: number;
}

const AF_INET = 2;

/** Classifies clients by address. */
export class ClientClasses {
  readonly #stable: readonly Network[];
  readonly #image: ImageReader;

  constructor(image: ImageReader, stableFor: readonly Prefix[]) {
    this.#image = image;
    this.#stable = stableFor.map(({ address, length }) => ({
      octets: Buffer.from(addressOctets(address) ?? '', 'latin1'),
      length,
    }));
  }

  /** @param ip textual; an IPv4 address mapped into IPv6 counts as IPv4 */
  ofText(ip: string): number {
    const plain = ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip;
    const octets = Buffer.from(addressOctets(plain) ?? '', 'latin1');
    return this.#of(octets, 0, octets.length);
  }

  /** Of the `struct sockaddr_in` or `sockaddr_in6` at `octets[at]`; allocates nothing. */
  ofSocketAddress(octets: Uint8Array, at: number): number {
    return octets[at] === AF_INET ? this.#of(octets, at + 4, 4) : this.#of(octets, at + 8, 16);
  }

  #of(octets: Uint8Array, at: number, length: number): number {
    const view = this.#image.clients.viewOf(octets, at, length);
    for (let i = 0; i < this.#stable.length; i++)
      if (isWithin(octets, at, length, this.#stable[i]!)) return view | STABLE_ORDER;
    return view;
  }
}

function isWithin(octets: Uint8Array, at: number, length: number, network: Network): boolean {
  if (network.octets.length !== length) return false;
  for (let bit = 0, i = 0; bit < network.length; bit += 8, i++) {
    const left = network.length - bit;
    const mask = left >= 8 ? 255 : (0xff00 >> left) & 255;
    if (((octets[at + i]! ^ network.octets[i]!) & mask) !== 0) return false;
  }
  return true;
}
