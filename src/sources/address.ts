// Addresses as the outside systems write them, brought to the one spelling that the model holds.
import { isIPv4, isIPv6 } from 'node:net';

const MAPPED = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

/**
 * An address in its shortest spelling (RFC 5952); an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address.
 * @returns undefined for anything else: names, addresses with a zone (`fe80::1%eth0`) or a mask, IPv4 with leading zeros
 */
export function parseIp(text: unknown): string | undefined {
  // Engines write nothing at all for the family that a container has no address of.
  if (typeof text !== 'string' || text === '') return undefined;
  // The commonest IPv6 one, of ports that are bound to all addresses, is short already.
  if (isIPv4(text) || text === '::') return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const { hostname } = new URL(`http://[${text}]/`);
  const mapped = MAPPED.exec(hostname);
  if (!mapped) return hostname.slice(1, -1);
  const bits = (Number.parseInt(mapped[1]!, 16) << 16) | Number.parseInt(mapped[2]!, 16);
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.');
}

/** Largest port number (RFC 768, RFC 9293). */
export const MAX_PORT = 65_535;

export interface HostPort {
  /** A name or an address, without brackets; not checked. */
  readonly host: string;
  readonly port: number;
}

const HOST_PORT = /^(?:\[([^\]]+)\]|(.+)):(\d{1,5})$/;

/** `host:port`, an IPv6 host in brackets or bare. @returns undefined when it is no such text */
export function parseHostPort(text: string): HostPort | undefined {
  const match = HOST_PORT.exec(text);
  if (!match || Number(match[3]) > MAX_PORT) return undefined;
  return { host: match[1] ?? match[2]!, port: Number(match[3]) };
}

/** The address part of a libprocess id, `name@host:port` (`slave(1)@192.0.2.1:5051`). */
export function parsePid(text: string): HostPort | undefined {
  const at = text.indexOf('@');
  return at < 0 ? undefined : parseHostPort(text.slice(at + 1));
}
