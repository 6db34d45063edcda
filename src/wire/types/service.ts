// Types by which services and their hosts are found: AAAA, SRV, NAPTR, DNAME, URI.

import type { RecordType } from '../fields.ts';
import { ipv6Field, nameField, stringField, textField, u16Field } from '../fields.ts';

export const AAAA = {
  mnemonic: 'AAAA',
  code: 28,
  rfc: 'RFC 3596',
  fields: [ipv6Field('address')],
} satisfies RecordType;
export const SRV = {
  mnemonic: 'SRV',
  code: 33,
  rfc: 'RFC 2782',
  additional: 'target',
  fields: [u16Field('priority'), u16Field('weight'), u16Field('port'), nameField('target')],
} satisfies RecordType;
export const NAPTR = {
  mnemonic: 'NAPTR',
  code: 35,
  rfc: 'RFC 3403',
  fields: [
    u16Field('order'),
    u16Field('preference'),
    stringField('flags'),
    stringField('services'),
    stringField('regexp'),
    nameField('replacement'),
  ],
} satisfies RecordType;
export const DNAME = {
  mnemonic: 'DNAME',
  code: 39,
  rfc: 'RFC 6672',
  fields: [nameField('target')],
} satisfies RecordType;
export const URI = {
  mnemonic: 'URI',
  code: 256,
  rfc: 'RFC 7553',
  fields: [u16Field('priority'), u16Field('weight'), textField('target')],
} satisfies RecordType;
