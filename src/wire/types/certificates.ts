// Types that publish keys, certificates and their fingerprints, and who may issue them.
import { base64Field, hexField } from '../field-encodings.ts';
import type { Field, RecordType } from '../fields.ts';
import { mnemonicField, textField, u8Field, u16Field } from '../fields.ts';
import { decodeToken } from '../tokens.ts';
import { ALGORITHMS } from './dnssec.ts';

/** RFC 4398 2.1. */
const CERTIFICATE_TYPES = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
};

const TLSA_FIELDS: readonly Field[] = [
  u8Field('usage'),
  u8Field('selector'),
  u8Field('matching type'),
  hexField('certificate association data'),
];

/** The property tag: letters and digits, its length before it (RFC 8659 4.1). */
const tagField: Field = {
  name: 'tag',
  kind: 'tag',
  parse: (tokens) => {
    const token = tokens.take('a tag of letters and digits');
    const tag = decodeToken(token);
    if (!/^[A-Za-z0-9]{1,255}$/.test(tag)) throw tokens.unexpected(token, 'a tag of letters and digits');
    return String.fromCharCode(tag.length) + tag;
  },
  format: (octets) => {
    const tag = octets.counted();
    if (!/^[A-Za-z0-9]+$/.test(tag)) throw new RangeError('a CAA tag consists of letters and digits');
    return tag;
  },
};

export const CERT = {
  mnemonic: 'CERT',
  code: 37,
  rfc: 'RFC 4398',
  fields: [
    mnemonicField('type', 2, CERTIFICATE_TYPES),
    u16Field('key tag'),
    mnemonicField('algorithm', 1, ALGORITHMS),
    base64Field('certificate'),
  ],
} satisfies RecordType;
export const SSHFP = {
  mnemonic: 'SSHFP',
  code: 44,
  rfc: 'RFC 4255',
  fields: [u8Field('algorithm'), u8Field('fingerprint type'), hexField('fingerprint')],
} satisfies RecordType;
export const DHCID = {
  mnemonic: 'DHCID',
  code: 49,
  rfc: 'RFC 4701',
  fields: [base64Field('digest')],
} satisfies RecordType;
export const TLSA = { mnemonic: 'TLSA', code: 52, rfc: 'RFC 6698', fields: TLSA_FIELDS } satisfies RecordType;
export const SMIMEA = { mnemonic: 'SMIMEA', code: 53, rfc: 'RFC 8162', fields: TLSA_FIELDS } satisfies RecordType;
export const OPENPGPKEY = {
  mnemonic: 'OPENPGPKEY',
  code: 61,
  rfc: 'RFC 7929',
  fields: [base64Field('public key')],
} satisfies RecordType;
export const HHIT = { mnemonic: 'HHIT', code: 67, rfc: 'RFC 9886', fields: [base64Field('data')] } satisfies RecordType;
export const BRID = { mnemonic: 'BRID', code: 68, rfc: 'RFC 9886', fields: [base64Field('data')] } satisfies RecordType;
export const CAA = {
  mnemonic: 'CAA',
  code: 257,
  rfc: 'RFC 8659',
  fields: [u8Field('flags'), tagField, textField('value')],
} satisfies RecordType;
