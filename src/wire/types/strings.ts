// Types whose rdata is a list of character-strings as in TXT.

import type { RecordType } from '../fields.ts';
import { stringsField } from '../fields.ts';

export const NINFO = {
  mnemonic: 'NINFO',
  code: 56,
  rfc: 'IANA, NINFO/ninfo-completed-template',
  fields: [stringsField('text')],
} satisfies RecordType;
export const SPF = { mnemonic: 'SPF', code: 99, rfc: 'RFC 7208', fields: [stringsField('text')] } satisfies RecordType;
export const AVC = {
  mnemonic: 'AVC',
  code: 258,
  rfc: 'IANA, AVC/avc-completed-template',
  fields: [stringsField('text')],
} satisfies RecordType;
export const RESINFO = {
  mnemonic: 'RESINFO',
  code: 261,
  rfc: 'RFC 9606',
  fields: [stringsField('text')],
} satisfies RecordType;
export const WALLET = {
  mnemonic: 'WALLET',
  code: 262,
  rfc: 'IANA, WALLET/wallet-completed-template',
  fields: [stringsField('text')],
} satisfies RecordType;
export const CLA = {
  mnemonic: 'CLA',
  code: 263,
  rfc: 'IANA, CLA/cla-completed-template',
  fields: [stringsField('text')],
} satisfies RecordType;
