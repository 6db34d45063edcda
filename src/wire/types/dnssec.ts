// DNSSEC and what grew around it: keys, signatures, denial, delegation signers, zone digests.
import { base32Field, base64Field, hexField, optionalBase64Field, saltField } from '../field-encodings.ts';
import type { Field, RecordType } from '../fields.ts';
import {
  mnemonicField,
  nameField,
  secondsField,
  timeField,
  typeBitmapField,
  typeField,
  u8Field,
  u16Field,
  u32Field,
} from '../fields.ts';

/** IANA "DNS Security Algorithm Numbers". */
export const ALGORITHMS: Readonly<Record<string, number>> = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  NSEC3DSA: 6,
  'DSA-NSEC3-SHA1': 6,
  NSEC3RSASHA1: 7,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  ECCGOST: 12,
  'ECC-GOST': 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
};

const algorithm = mnemonicField('algorithm', 1, ALGORITHMS);

const DELEGATION_SIGNER: readonly Field[] = [
  u16Field('key tag'),
  algorithm,
  u8Field('digest type'),
  hexField('digest'),
];
const KEY_FIELDS: readonly Field[] = [u16Field('flags'), u8Field('protocol'), algorithm, base64Field('public key')];
const OLD_KEY_FIELDS: readonly Field[] = [
  u16Field('flags'),
  u8Field('protocol'),
  algorithm,
  optionalBase64Field('public key'),
];
const SIGNATURE_FIELDS: readonly Field[] = [
  typeField('type covered'),
  algorithm,
  u8Field('labels'),
  secondsField('original TTL'),
  timeField('expiration'),
  timeField('inception'),
  u16Field('key tag'),
  nameField('signer'),
  base64Field('signature'),
];

export const SIG = { mnemonic: 'SIG', code: 24, rfc: 'RFC 2535', fields: SIGNATURE_FIELDS } satisfies RecordType;
export const KEY = { mnemonic: 'KEY', code: 25, rfc: 'RFC 2535', fields: OLD_KEY_FIELDS } satisfies RecordType;
export const DS = { mnemonic: 'DS', code: 43, rfc: 'RFC 4034', fields: DELEGATION_SIGNER } satisfies RecordType;
export const RRSIG = { mnemonic: 'RRSIG', code: 46, rfc: 'RFC 4034', fields: SIGNATURE_FIELDS } satisfies RecordType;
export const NSEC = {
  mnemonic: 'NSEC',
  code: 47,
  rfc: 'RFC 4034',
  fields: [nameField('next domain name'), typeBitmapField('types')],
} satisfies RecordType;
export const DNSKEY = { mnemonic: 'DNSKEY', code: 48, rfc: 'RFC 4034', fields: KEY_FIELDS } satisfies RecordType;
export const NSEC3 = {
  mnemonic: 'NSEC3',
  code: 50,
  rfc: 'RFC 5155',
  fields: [
    u8Field('hash algorithm'),
    u8Field('flags'),
    u16Field('iterations'),
    saltField('salt'),
    base32Field('next hashed owner name'),
    typeBitmapField('types'),
  ],
} satisfies RecordType;
export const NSEC3PARAM = {
  mnemonic: 'NSEC3PARAM',
  code: 51,
  rfc: 'RFC 5155',
  fields: [u8Field('hash algorithm'), u8Field('flags'), u16Field('iterations'), saltField('salt')],
} satisfies RecordType;
export const RKEY = {
  mnemonic: 'RKEY',
  code: 57,
  rfc: 'IANA, RKEY/rkey-completed-template',
  fields: OLD_KEY_FIELDS,
} satisfies RecordType;
export const TALINK = {
  mnemonic: 'TALINK',
  code: 58,
  rfc: 'IANA, TALINK/talink-completed-template',
  fields: [nameField('previous'), nameField('next')],
} satisfies RecordType;
export const CDS = { mnemonic: 'CDS', code: 59, rfc: 'RFC 7344', fields: DELEGATION_SIGNER } satisfies RecordType;
export const CDNSKEY = { mnemonic: 'CDNSKEY', code: 60, rfc: 'RFC 7344', fields: KEY_FIELDS } satisfies RecordType;
export const CSYNC = {
  mnemonic: 'CSYNC',
  code: 62,
  rfc: 'RFC 7477',
  fields: [u32Field('serial'), u16Field('flags'), typeBitmapField('types')],
} satisfies RecordType;
export const ZONEMD = {
  mnemonic: 'ZONEMD',
  code: 63,
  rfc: 'RFC 8976',
  fields: [u32Field('serial'), u8Field('scheme'), u8Field('hash algorithm'), hexField('digest')],
} satisfies RecordType;
export const DSYNC = {
  mnemonic: 'DSYNC',
  code: 66,
  rfc: 'RFC 9859',
  fields: [typeField('type'), mnemonicField('scheme', 1, { NOTIFY: 1 }), u16Field('port'), nameField('target')],
} satisfies RecordType;
export const TA = {
  mnemonic: 'TA',
  code: 32768,
  rfc: 'IANA, TA: DNSSEC Trust Authorities',
  fields: DELEGATION_SIGNER,
} satisfies RecordType;
export const DLV = { mnemonic: 'DLV', code: 32769, rfc: 'RFC 8749', fields: DELEGATION_SIGNER } satisfies RecordType;
