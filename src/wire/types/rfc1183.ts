// Types of RFC 1183, RFC 1712, RFC 2163 and RFC 2230: responsible person, odd networks, routing by name.

import type { RecordType } from '../fields.ts';
import { nameField, optionalStringField, stringField, u16Field } from '../fields.ts';

export const RP = {
  mnemonic: 'RP',
  code: 17,
  rfc: 'RFC 1183',
  fields: [nameField('mbox'), nameField('txt')],
} satisfies RecordType;
export const AFSDB = {
  mnemonic: 'AFSDB',
  code: 18,
  rfc: 'RFC 1183',
  fields: [u16Field('subtype'), nameField('hostname')],
} satisfies RecordType;
export const X25 = {
  mnemonic: 'X25',
  code: 19,
  rfc: 'RFC 1183',
  fields: [stringField('address')],
} satisfies RecordType;
export const ISDN = {
  mnemonic: 'ISDN',
  code: 20,
  rfc: 'RFC 1183',
  fields: [stringField('address'), optionalStringField('subaddress')],
} satisfies RecordType;
export const RT = {
  mnemonic: 'RT',
  code: 21,
  rfc: 'RFC 1183',
  fields: [u16Field('preference'), nameField('host')],
} satisfies RecordType;
export const PX = {
  mnemonic: 'PX',
  code: 26,
  rfc: 'RFC 2163',
  fields: [u16Field('preference'), nameField('map822'), nameField('mapx400')],
} satisfies RecordType;
export const GPOS = {
  mnemonic: 'GPOS',
  code: 27,
  rfc: 'RFC 1712',
  fields: [stringField('longitude'), stringField('latitude'), stringField('altitude')],
} satisfies RecordType;
export const KX = {
  mnemonic: 'KX',
  code: 36,
  rfc: 'RFC 2230',
  fields: [u16Field('preference'), nameField('exchanger')],
} satisfies RecordType;
