// A resource record at rest (RFC 1034 3.6) and the small writers of rdata that builders need.
import { Type } from './codes.ts';
import type { Name, Octets } from './name.ts';

/** One resource record of class IN. The RRset that it belongs to is named by owner and type (RFC 9499). */
export interface RR {
  /** Absolute, wire form, spelling kept. */
  readonly owner: Name;
  /** RR type, 1 to 65535. */
  readonly type: number;
  /** Seconds, 0 to 2^31-1 (RFC 2181 8). */
  readonly ttl: number;
  /** Octets as they stand after RDLENGTH; names inside uncompressed, spelling kept. */
  readonly rdata: Octets;
  /** Which clients see this record: a rule of `views.ts`; everybody when absent. */
  readonly views?: Octets | undefined;
}

/** Two octets, big-endian. */
export function u16(value: number): Octets {
  return String.fromCharCode((value >> 8) & 255, value & 255);
}

/** Four octets, big-endian. */
export function u32(value: number): Octets {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** Rdata of an SRV record (RFC 2782). */
export function srvRdata(priority: number, weight: number, port: number, target: Name): Octets {
  // One call and one string: tasks have dozens of these.
  const fields = String.fromCharCode(
    (priority >> 8) & 255,
    priority & 255,
    (weight >> 8) & 255,
    weight & 255,
    (port >> 8) & 255,
    port & 255,
  );
  return fields + target;
}

export interface SoaFields {
  readonly mname: Name;
  readonly rname: Name;
  readonly serial: number;
  /** Seconds, as are the next three. */
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** TTL of negative answers (RFC 2308 4). */
  readonly minimum: number;
}

/** Rdata of an SOA record (RFC 1035 3.3.13). */
export function soaRdata(soa: SoaFields): Octets {
  return (
    soa.mname + soa.rname + u32(soa.serial) + u32(soa.refresh) + u32(soa.retry) + u32(soa.expire) + u32(soa.minimum)
  );
}

/** Octets before the domain name in rdata whose hosts' addresses belong into the additional section; -1 for the others. */
export function additionalNameOffset(type: number): number {
  switch (type) {
    case Type.NS:
      return 0;
    case Type.MX:
    case Type.SVCB:
    case Type.HTTPS:
      return 2;
    case Type.SRV:
      return 6;
    default:
      return -1;
  }
}

/**
 * An IPv4 or IPv6 address as octets.
 * @returns four or sixteen octets; undefined for anything that is not a strict textual address (RFC 4291 2.2; no zone id)
 */
export function addressOctets(ip: string): Octets | undefined {
  return ip.includes(':') ? ipv6Octets(ip) : ipv4Octets(ip);
}

function ipv4Octets(ip: string): Octets | undefined {
  const octets = [0, 0, 0, 0];
  let at = 0;
  let digits = 0;
  for (let i = 0; i < ip.length; i++) {
    const code = ip.charCodeAt(i);
    if (code === 0x2e) {
      if (digits === 0 || at === 3) return undefined;
      at++;
      digits = 0;
      continue;
    }
    // No leading zero: some readers take 010 as octal, so it is ambiguous and refused (RFC 6943 3.1.1).
    if (code < 0x30 || code > 0x39 || (digits > 0 && octets[at] === 0)) return undefined;
    octets[at] = octets[at]! * 10 + code - 0x30;
    digits++;
    if (octets[at]! > 255) return undefined;
  }
  return at === 3 && digits > 0 ? String.fromCharCode(octets[0]!, octets[1]!, octets[2]!, octets[3]!) : undefined;
}

function ipv6Octets(ip: string): Octets | undefined {
  let text = ip;
  const lastColon = text.lastIndexOf(':');
  if (text.includes('.')) {
    const v4 = ipv4Octets(text.slice(lastColon + 1));
    if (v4 === undefined) return undefined;
    const word = (i: number) => ((v4.charCodeAt(i) << 8) | v4.charCodeAt(i + 1)).toString(16);
    text = `${text.slice(0, lastColon + 1)}${word(0)}:${word(2)}`;
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const count = groups[0]!.length + (groups[1]?.length ?? 0);
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  let octets = '';
  for (const [index, half] of groups.entries()) {
    if (index === 1) octets += '\0\0'.repeat(8 - count);
    for (const group of half) {
      if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) return undefined;
      octets += u16(Number.parseInt(group, 16));
    }
  }
  return octets;
}

/** An address in text from its octets; IPv6 in the form of RFC 5952. */
export function addressText(octets: Octets): string {
  if (octets.length === 4) return Array.from(octets, (c) => c.charCodeAt(0)).join('.');
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((octets.charCodeAt(i) << 8) | octets.charCodeAt(i + 1));
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((g) => g.toString(16))
      .join(':');
  return best.at < 0 ? hex(0, 8) : `${hex(0, best.at)}::${hex(best.at + best.length, 8)}`;
}
