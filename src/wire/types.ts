// The visible list of record types, and rdata as a whole: text <-> octets by their rows, unknown types by RFC 3597.
import { hexText, takeHex } from './field-encodings.ts';
import type { RecordType } from './fields.ts';
import { OctetReader, takeNumber } from './fields.ts';
import type { Name, Octets } from './name.ts';
import { fold, ROOT } from './name.ts';
import type { Token, TypeNames } from './tokens.ts';
import { Tokenizer, TokenReader } from './tokens.ts';
import { APL } from './types/apl.ts';
import { BRID, CAA, CERT, DHCID, HHIT, OPENPGPKEY, SMIMEA, SSHFP, TLSA } from './types/certificates.ts';
import {
  CDNSKEY,
  CDS,
  CSYNC,
  DLV,
  DNSKEY,
  DS,
  DSYNC,
  KEY,
  NSEC,
  NSEC3,
  NSEC3PARAM,
  RKEY,
  RRSIG,
  SIG,
  TA,
  TALINK,
  ZONEMD,
} from './types/dnssec.ts';
import { AMTRELAY, HIP, IPSECKEY } from './types/gateways.ts';
import { EUI48, EUI64, L32, L64, LP, NID, NSAP, NSAP_PTR } from './types/hosts.ts';
import { LOC } from './types/loc.ts';
import { A, CNAME, HINFO, MB, MD, MF, MG, MINFO, MR, MX, NS, NULL, PTR, SOA, TXT } from './types/rfc1035.ts';
import { AFSDB, GPOS, ISDN, KX, PX, RP, RT, X25 } from './types/rfc1183.ts';
import { AAAA, DNAME, NAPTR, SRV, URI } from './types/service.ts';
import { AVC, CLA, NINFO, RESINFO, SPF, WALLET } from './types/strings.ts';
import { HTTPS, SVCB } from './types/svcb.ts';
import { WKS } from './types/wks.ts';

/** Every record type that is known by name. */
export const RECORD_TYPES: readonly RecordType[] = [
  ...[A, NS, MD, MF, CNAME, SOA, MB, MG, MR, NULL, WKS, PTR, HINFO, MINFO, MX, TXT],
  ...[RP, AFSDB, X25, ISDN, RT, PX, GPOS, KX],
  ...[AAAA, SRV, NAPTR, DNAME, URI, SVCB, HTTPS, LOC, APL],
  ...[SIG, KEY, DS, RRSIG, NSEC, DNSKEY, NSEC3, NSEC3PARAM, CDS, CDNSKEY, CSYNC, ZONEMD, DSYNC, RKEY, TALINK, TA, DLV],
  ...[CERT, SSHFP, DHCID, TLSA, SMIMEA, OPENPGPKEY, CAA, HHIT, BRID, IPSECKEY, HIP, AMTRELAY],
  ...[NINFO, SPF, AVC, RESINFO, WALLET, CLA],
  ...[NSAP, NSAP_PTR, NID, L32, L64, LP, EUI48, EUI64],
];

/** Types of questions and of single messages (RFC 6895 3.1): they have a mnemonic but are no data of a zone. */
const META_TYPES: Readonly<Record<string, number>> = {
  OPT: 41,
  NXNAME: 128,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
};

const ROW_BY_CODE: ReadonlyMap<number, RecordType> = new Map(RECORD_TYPES.map((row) => [row.code, row]));

const CODE_BY_MNEMONIC: ReadonlyMap<string, number> = new Map([
  ...RECORD_TYPES.map((row): [string, number] => [row.mnemonic, row.code]),
  ...Object.entries(META_TYPES),
]);

const MNEMONIC_BY_CODE: ReadonlyMap<number, string> = new Map(
  [...CODE_BY_MNEMONIC].map(([name, code]) => [code, name]),
);

/** The row of a type; undefined for unknown types and for the types of questions. */
export function recordType(code: number): RecordType | undefined {
  return ROW_BY_CODE.get(code);
}

/** The code of a mnemonic in any case, also of `TYPE65280` (RFC 3597 5); undefined for anything else. */
export function typeByMnemonic(mnemonic: string): number | undefined {
  const known = CODE_BY_MNEMONIC.get(mnemonic) ?? CODE_BY_MNEMONIC.get(mnemonic.toUpperCase());
  if (known !== undefined) return known;
  const code = /^TYPE(0|[1-9]\d{0,4})$/i.exec(mnemonic)?.[1];
  return code !== undefined && Number(code) <= 65535 ? Number(code) : undefined;
}

/** The mnemonic of a type; `TYPE65280` for unknown ones. */
export function mnemonicOf(code: number): string {
  return MNEMONIC_BY_CODE.get(code) ?? `TYPE${code}`;
}

/** Whether records of this type can be data of a zone: not 0, OPT, nor 128 to 255 (RFC 6895 3.1). */
export function isDataType(code: number): boolean {
  return code > 0 && code <= 65535 && code !== META_TYPES.OPT && (code < 128 || code > 255);
}

const TYPE_NAMES: TypeNames = { codeOf: typeByMnemonic, mnemonicOf };

/** Octets of rdata (RFC 1035 3.2.1): its length has 16 bits. */
const MAX_RDATA = 65535;

/**
 * Rdata from presentation format, in the form of its type or in that of RFC 3597 (`\# 4 C0000201`).
 * @param text the octets of the text, or its tokens
 * @param origin completes relative names
 * @param start index of the first token of the rdata
 * @returns octets; names uncompressed, spelling kept
 * @throws PresentationError naming the field, what it expected and the place
 */
export function rdataFromText(type: number, text: Octets | readonly Token[], origin: Name = ROOT, start = 0): Octets {
  const tokens = typeof text === 'string' ? tokensOf(text) : text;
  const reader = new TokenReader(tokens, start, origin, TYPE_NAMES);
  const row = ROW_BY_CODE.get(type);
  const first = reader.peek();
  let rdata = '';
  if (first?.text === '\\#' && !first.quoted) rdata = takeGeneric(reader, type);
  else if (row?.fields) {
    for (const field of row.fields) {
      reader.place = `${row.mnemonic} ${field.name}`;
      rdata += field.parse(reader);
    }
  } else {
    reader.place = `${mnemonicOf(type)} rdata`;
    throw first
      ? reader.unexpected(first, '\\# length hexadecimal (RFC 3597)')
      : reader.missing('\\# length hexadecimal (RFC 3597)');
  }
  const extra = reader.peek();
  reader.place = mnemonicOf(type);
  if (extra) throw reader.unexpected(extra, 'the end of the record');
  if (rdata.length > MAX_RDATA)
    throw reader.unexpected(tokens[start]!, `at most ${MAX_RDATA} octets of rdata instead of ${rdata.length}`);
  return rdata;
}

function tokensOf(text: Octets): readonly Token[] {
  const tokenizer = new Tokenizer(text);
  const tokens: Token[] = [];
  for (let entry = tokenizer.next(); entry; entry = tokenizer.next()) tokens.push(...entry.tokens);
  return tokens;
}

function takeGeneric(reader: TokenReader, type: number): Octets {
  const mark = reader.take('\\#');
  reader.place = `${mnemonicOf(type)} rdata`;
  const length = takeNumber(reader, MAX_RDATA);
  const rdata = reader.peek() ? takeHex(reader, reader.takeRest('hexadecimal digits')) : '';
  if (rdata.length !== length)
    throw reader.unexpected(mark, `${length} octets as announced instead of ${rdata.length}`);
  const row = ROW_BY_CODE.get(type);
  if (row?.fields) {
    try {
      formatFields(row, rdata);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw reader.unexpected(mark, `rdata of type ${row.mnemonic} (${error.message})`);
    }
  }
  return rdata;
}

function formatFields(row: RecordType, rdata: Octets): string {
  const reader = new OctetReader(rdata, TYPE_NAMES);
  const text = row.fields!.map((field) => field.format(reader)).join(' ');
  if (reader.left > 0) throw new RangeError(`${reader.left} octets are left over`);
  return text.trimEnd();
}

/**
 * Rdata in presentation format on one line, names absolute. Total: what has no row, or does not fit its row, comes in the form of
 * RFC 3597, `\# length hexadecimal`.
 */
export function rdataToText(type: number, rdata: Octets): string {
  const row = ROW_BY_CODE.get(type);
  if (row?.fields) {
    try {
      return formatFields(row, rdata);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return `\\# ${rdata.length} ${hexText(rdata)}`.trimEnd();
}

/** The rows that hold names, with the fields up to the last of them. */
const NAMED_FIELDS = new Map(
  RECORD_TYPES.flatMap((row) => {
    const last = row.fields?.findLastIndex((field) => field.kind === 'name') ?? -1;
    return last < 0 ? [] : [[row.code, row.fields!.slice(0, last + 1)] as const];
  }),
);

/**
 * Where the domain names of an rdata begin, in octets from its start, in ascending order.
 * @throws RangeError when the rdata does not fit its type
 */
export function nameOffsets(type: number, rdata: Octets): number[] {
  const offsets: number[] = [];
  const reader = new OctetReader(rdata, TYPE_NAMES);
  for (const field of NAMED_FIELDS.get(type) ?? []) {
    if (field.kind === 'name') {
      offsets.push(reader.at);
      reader.name();
    } else field.format(reader);
  }
  return offsets;
}

/** The rdata with A-Z in its names folded: equal for records that are equal (RFC 4034 6.2, RFC 4343 3). */
export function foldRdata(type: number, rdata: Octets): Octets {
  if (!NAMED_FIELDS.has(type) || !/[A-Z]/.test(rdata)) return rdata;
  let folded = '';
  let at = 0;
  for (const offset of nameOffsets(type, rdata)) {
    let end = offset;
    while (rdata.charCodeAt(end) > 0) end += 1 + rdata.charCodeAt(end);
    folded += rdata.slice(at, offset) + fold(rdata.slice(offset, end + 1));
    at = end + 1;
  }
  return folded + rdata.slice(at);
}
