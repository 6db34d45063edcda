// The single values of the settings: how each is written, checked and turned into what the program uses. The message of
// each check is what follows "expected" in the report.
import { z } from 'zod';
import { duration } from './base/units.ts';
import { addressOctets } from './wire/rr.ts';

export { duration, hold, size, timeout } from './base/units.ts';

/** Largest TTL (RFC 2181 8). */
const MAX_TTL = 2 ** 31 - 1;

/** A duration in the file, whole seconds in the `Config`. */
export const ttl = (example: string) =>
  duration(example)
    .transform((ms) => ms / 1000)
    .refine((s) => Number.isInteger(s) && s <= MAX_TTL, {
      error: `whole seconds, at most ${MAX_TTL}, such as "${example}"`,
    });

/** A whole number within bounds, both included. */
export const integer = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

export const flag = z.boolean({ error: 'true or false' });
export const path = z.string({ error: 'a path' }).min(1, { error: 'a path' });
/** One of these words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of ${values.map((value) => JSON.stringify(value)).join(', ')}` });

/** Where to listen. */
export interface SocketAddress {
  /** IPv4 or IPv6, textual. */
  readonly address: string;
  readonly port: number;
}

const SOCKET_ADDRESS = 'an address and port such as "127.0.0.1:53" or "[::1]:53"';

/** Reads `192.0.2.1:53` or `[2001:db8::1]:53`; undefined for anything else. */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = v6 ?? v4 ?? '';
  if (addressOctets(address)?.length !== (v6 === undefined ? 4 : 16) || Number(port) > 65535) return undefined;
  return { address, port: Number(port) };
}

/** `192.0.2.1:53` in the file, a `SocketAddress` in the `Config`. */
export const socketAddress = z
  .string({ error: SOCKET_ADDRESS })
  .refine((text) => parseSocketAddress(text) !== undefined, { error: SOCKET_ADDRESS })
  .transform((text) => parseSocketAddress(text)!);

/** An IP address of that version. */
export const ip = (version: 4 | 6, example: string) =>
  z
    .string({ error: `an IPv${version} address such as "${example}"` })
    .refine((text) => addressOctets(text)?.length === (version === 4 ? 4 : 16), {
      error: `an IPv${version} address such as "${example}"`,
    });

const PREFIX = 'an address prefix such as "10.0.0.0/8" or "2001:db8::/32"';

/** Addresses that begin with the same bits. */
export interface Prefix {
  /** IPv4 or IPv6, textual. */
  readonly address: string;
  /** Bits: at most 32, or 128 for IPv6. */
  readonly length: number;
}

function parsePrefix(text: string): Prefix | undefined {
  const [, address = '', length] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const octets = addressOctets(address);
  return octets && Number(length) <= 8 * octets.length ? { address, length: Number(length) } : undefined;
}

/** An address prefix, in the file and in the `Config`. */
export const prefix = z.string({ error: PREFIX }).refine((text) => parsePrefix(text) !== undefined, { error: PREFIX });

/** Address prefixes, `10.0.0.0/8` in the file, a `Prefix` in the `Config`. */
export const prefixes = z.array(
  z
    .string({ error: PREFIX })
    .refine((text) => parsePrefix(text) !== undefined, { error: PREFIX })
    .transform((text) => parsePrefix(text)!),
  { error: 'a list of address prefixes' },
);

const ADDRESS = 'an address such as "192.0.2.1" or "2001:db8::1"';

/** IP addresses of either version. */
export const addresses = z.array(
  z.string({ error: ADDRESS }).refine((text) => addressOctets(text) !== undefined, { error: ADDRESS }),
  { error: 'a list of addresses' },
);

/** A host-like domain name; lower case and without its final dot in the `Config`. */
export const domainName = z
  .string({ error: 'a domain name such as "mesos"' })
  .regex(/^[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?$/, {
    error: 'a domain name such as "mesos"',
  })
  .max(253, { error: 'a domain name of at most 253 characters' })
  .transform((name) => name.replace(/\.$/, '').toLowerCase());

export const text = z
  .string({ error: 'a text of at most 255 characters' })
  .max(255, { error: 'a text of at most 255 characters' });
