// Lists of address prefixes (RFC 3123).
import type { Field, RecordType } from '../fields.ts';
import { addressOctets, addressText, u16 } from '../rr.ts';

const FAMILY_OCTETS: Readonly<Record<number, number>> = { 1: 4, 2: 16 };

const prefixesField: Field = {
  name: 'prefixes',
  kind: 'apl',
  parse: (tokens) => {
    const expected = '[!]1:IPv4/length or [!]2:IPv6/length';
    let octets = '';
    while (tokens.peek()) {
      const token = tokens.take(expected);
      const [, negation, family, address, length] = /^(!?)([12]):([^/]+)\/(\d{1,3})$/.exec(token.text) ?? [];
      const all = FAMILY_OCTETS[Number(family)];
      const part = addressOctets(address ?? '');
      if (part?.length !== all || all === undefined || Number(length) > all * 8)
        throw tokens.unexpected(token, expected);
      const trimmed = part!.replace(/\0+$/, '');
      octets +=
        u16(Number(family)) + String.fromCharCode(Number(length), trimmed.length | (negation ? 0x80 : 0)) + trimmed;
    }
    return octets;
  },
  format: (octets) => {
    const prefixes: string[] = [];
    while (octets.left > 0) {
      const family = octets.number(2);
      const length = octets.number(1);
      const count = octets.number(1);
      const all = FAMILY_OCTETS[family];
      const part = octets.take(count & 0x7f);
      if (all === undefined || part.length > all || length > all * 8 || part.endsWith('\0'))
        throw new RangeError('an APL item is not in the form of RFC 3123 4');
      prefixes.push(`${count & 0x80 ? '!' : ''}${family}:${addressText(part.padEnd(all, '\0'))}/${length}`);
    }
    return prefixes.join(' ');
  },
};

export const APL = { mnemonic: 'APL', code: 42, rfc: 'RFC 3123', fields: [prefixesField] } satisfies RecordType;
