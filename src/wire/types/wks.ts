// Well-known services (RFC 1035 3.4.2): an address, a protocol and a bitmap of ports. Obsolete, still found in old zones.

import type { Field, RecordType } from '../fields.ts';
import { ipv4Field, takeNumber } from '../fields.ts';

const PROTOCOLS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17 };

const protocolField: Field = {
  name: 'protocol',
  kind: 'u8',
  parse: (tokens) => {
    const known = PROTOCOLS[tokens.peek()?.text.toUpperCase() ?? ''];
    if (known !== undefined) tokens.take('a protocol');
    return String.fromCharCode(known ?? takeNumber(tokens, 255));
  },
  format: (octets) => String(octets.number(1)),
};

/** Ports by number; the names of services differ from machine to machine. */
const portsField: Field = {
  name: 'ports',
  kind: 'ports',
  parse: (tokens) => {
    const bits: number[] = [];
    while (tokens.peek()) {
      const port = takeNumber(tokens, 65535);
      while (bits.length <= port >> 3) bits.push(0);
      bits[port >> 3]! |= 0x80 >> (port & 7);
    }
    return bits.map((byte) => String.fromCharCode(byte)).join('');
  },
  format: (octets) => {
    const bits = octets.rest();
    if (bits.length > 8192 || bits.endsWith('\0')) throw new RangeError('the bitmap of ports is not minimal');
    const ports: number[] = [];
    for (let port = 0; port < bits.length * 8; port++)
      if (bits.charCodeAt(port >> 3) & (0x80 >> (port & 7))) ports.push(port);
    return ports.join(' ');
  },
};

export const WKS = {
  mnemonic: 'WKS',
  code: 11,
  rfc: 'RFC 1035',
  fields: [ipv4Field('address'), protocolField, portsField],
} satisfies RecordType;
