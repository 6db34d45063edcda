// Types that give a host's addresses outside IP or apart from it: EUI-48, EUI-64, ILNP (RFC 6742), NSAP (RFC 1706).
import { hexText } from '../field-encodings.ts';
import type { Field, RecordType } from '../fields.ts';
import { ipv4Field, nameField, u16Field } from '../fields.ts';

/** How hexadecimal groups are written. */
interface GroupForm {
  readonly count: number;
  readonly mark: string;
  /** Digits of a group: all of them, or from one on where leading zeros may be left out as in an IPv6 address. */
  readonly digits: number;
  readonly minDigits: number;
  readonly example: string;
}

const groupsField = (name: string, { count, mark, digits, minDigits, example }: GroupForm): Field => {
  const group = new RegExp(`^[0-9A-Fa-f]{${minDigits},${digits}}$`);
  const octetCount = (count * digits) / 2;
  return {
    name,
    kind: `groups${octetCount}`,
    parse: (tokens) => {
      const expected = `hexadecimal digits such as ${example}`;
      const token = tokens.take(expected);
      const groups = token.text.split(mark);
      if (groups.length !== count || !groups.every((one) => group.test(one))) throw tokens.unexpected(token, expected);
      return Buffer.from(groups.map((one) => one.padStart(digits, '0')).join(''), 'hex').toString('latin1');
    },
    format: (octets) => {
      const hex = hexText(octets.take(octetCount)).toLowerCase();
      return Array.from({ length: count }, (_, i) => hex.slice(i * digits, (i + 1) * digits)).join(mark);
    },
  };
};

/** RFC 6742 2: four groups as in the half of an IPv6 address. */
const ILNP: GroupForm = { count: 4, mark: ':', digits: 4, minDigits: 1, example: '2001:db8:1140:1000' };
const EUI_48: GroupForm = { count: 6, mark: '-', digits: 2, minDigits: 2, example: '00-00-5e-00-53-2a' };
const EUI_64: GroupForm = { count: 8, mark: '-', digits: 2, minDigits: 2, example: '00-00-5e-ef-10-00-00-2a' };

/** An NSAP address: `0x`, then hexadecimal digits with dots anywhere (RFC 1706 7). */
const nsapField: Field = {
  name: 'address',
  kind: 'hex',
  parse: (tokens) => {
    const expected = 'an even number of hexadecimal digits behind 0x';
    const token = tokens.take(expected);
    const digits = token.text.replaceAll('.', '');
    if (!/^0[xX](?:[0-9A-Fa-f]{2})+$/.test(digits)) throw tokens.unexpected(token, expected);
    return Buffer.from(digits.slice(2), 'hex').toString('latin1');
  },
  format: (octets) => {
    if (octets.left === 0) throw new RangeError('an NSAP address is not empty');
    return `0x${hexText(octets.rest())}`;
  },
};

export const NSAP = { mnemonic: 'NSAP', code: 22, rfc: 'RFC 1706', fields: [nsapField] } satisfies RecordType;
export const NSAP_PTR = {
  mnemonic: 'NSAP-PTR',
  code: 23,
  rfc: 'RFC 1706',
  fields: [nameField('owner')],
} satisfies RecordType;
export const NID = {
  mnemonic: 'NID',
  code: 104,
  rfc: 'RFC 6742',
  fields: [u16Field('preference'), groupsField('node id', ILNP)],
} satisfies RecordType;
export const L32 = {
  mnemonic: 'L32',
  code: 105,
  rfc: 'RFC 6742',
  fields: [u16Field('preference'), ipv4Field('locator')],
} satisfies RecordType;
export const L64 = {
  mnemonic: 'L64',
  code: 106,
  rfc: 'RFC 6742',
  fields: [u16Field('preference'), groupsField('locator', ILNP)],
} satisfies RecordType;
export const LP = {
  mnemonic: 'LP',
  code: 107,
  rfc: 'RFC 6742',
  fields: [u16Field('preference'), nameField('fqdn')],
} satisfies RecordType;
export const EUI48 = {
  mnemonic: 'EUI48',
  code: 108,
  rfc: 'RFC 7043',
  fields: [groupsField('address', EUI_48)],
} satisfies RecordType;
export const EUI64 = {
  mnemonic: 'EUI64',
  code: 109,
  rfc: 'RFC 7043',
  fields: [groupsField('address', EUI_64)],
} satisfies RecordType;
