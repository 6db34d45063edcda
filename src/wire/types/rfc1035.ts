// The types of the first specification (RFC 1035 3.3, 3.4): addresses, aliases, name servers, mail, text.

import type { RecordType } from '../fields.ts';
import { ipv4Field, nameField, secondsField, stringField, stringsField, u16Field, u32Field } from '../fields.ts';

export const A = { mnemonic: 'A', code: 1, rfc: 'RFC 1035', fields: [ipv4Field('address')] } satisfies RecordType;
export const NS = {
  mnemonic: 'NS',
  code: 2,
  rfc: 'RFC 1035',
  additional: 'nsdname',
  fields: [nameField('nsdname')],
} satisfies RecordType;
export const MD = { mnemonic: 'MD', code: 3, rfc: 'RFC 1035', fields: [nameField('madname')] } satisfies RecordType;
export const MF = { mnemonic: 'MF', code: 4, rfc: 'RFC 1035', fields: [nameField('madname')] } satisfies RecordType;
export const CNAME = { mnemonic: 'CNAME', code: 5, rfc: 'RFC 1035', fields: [nameField('cname')] } satisfies RecordType;
export const SOA = {
  mnemonic: 'SOA',
  code: 6,
  rfc: 'RFC 1035',
  fields: [
    nameField('mname'),
    nameField('rname'),
    u32Field('serial'),
    secondsField('refresh'),
    secondsField('retry'),
    secondsField('expire'),
    secondsField('minimum'),
  ],
} satisfies RecordType;
export const MB = { mnemonic: 'MB', code: 7, rfc: 'RFC 1035', fields: [nameField('madname')] } satisfies RecordType;
export const MG = { mnemonic: 'MG', code: 8, rfc: 'RFC 1035', fields: [nameField('mgmname')] } satisfies RecordType;
export const MR = { mnemonic: 'MR', code: 9, rfc: 'RFC 1035', fields: [nameField('newname')] } satisfies RecordType;
/** Anything at all; has no text form of its own. */
export const NULL = { mnemonic: 'NULL', code: 10, rfc: 'RFC 1035' } satisfies RecordType;
export const PTR = { mnemonic: 'PTR', code: 12, rfc: 'RFC 1035', fields: [nameField('ptrdname')] } satisfies RecordType;
export const HINFO = {
  mnemonic: 'HINFO',
  code: 13,
  rfc: 'RFC 1035',
  fields: [stringField('cpu'), stringField('os')],
} satisfies RecordType;
export const MINFO = {
  mnemonic: 'MINFO',
  code: 14,
  rfc: 'RFC 1035',
  fields: [nameField('rmailbx'), nameField('emailbx')],
} satisfies RecordType;
export const MX = {
  mnemonic: 'MX',
  code: 15,
  rfc: 'RFC 1035',
  additional: 'exchange',
  fields: [u16Field('preference'), nameField('exchange')],
} satisfies RecordType;
export const TXT = { mnemonic: 'TXT', code: 16, rfc: 'RFC 1035', fields: [stringsField('text')] } satisfies RecordType;
