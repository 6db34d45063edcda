// The kinds of rdata fields: each turns presentation tokens into octets and octets into presentation text
// (RFC 1035 3.3 and 5.1, RFC 3597 5, RFC 4034, RFC 5155). Record types are lists of these; a kind that serves one type
// alone stands beside that type's row in `types/`.

import type { Name, Octets } from './name.ts';
import { MAX_NAME, NameError, nameToText, parseName } from './name.ts';
import { addressOctets, addressText, u16, u32 } from './rr.ts';
import type { Token, TokenReader, TypeNames } from './tokens.ts';
import { decodeToken, errorAt } from './tokens.ts';

export interface Field {
  /** As its RFC calls it; appears in messages. */
  readonly name: string;
  /** What it holds; `name` marks the domain names. */
  readonly kind: string;
  /** Reads its tokens. @throws PresentationError */
  readonly parse: (tokens: TokenReader) => Octets;
  /** Writes its octets as text that `parse` reads back. @throws RangeError when the octets cannot be such a field */
  readonly format: (octets: OctetReader) => string;
}

/** A record type as a row: what it is called and what its rdata consists of. */
export interface RecordType {
  readonly mnemonic: string;
  readonly code: number;
  /** Where it is defined. */
  readonly rfc: string;
  /** The field naming hosts whose addresses belong into the additional section. */
  readonly additional?: string;
  /** In the order of the rdata; absent when only the generic form of RFC 3597 is known. */
  readonly fields?: readonly Field[];
}

/** A cursor over one record's rdata. All its reads throw RangeError when the octets end too early. */
export class OctetReader {
  readonly types: TypeNames;
  readonly #octets: Octets;
  #at = 0;

  constructor(octets: Octets, types: TypeNames) {
    this.#octets = octets;
    this.types = types;
  }

  /** Octets read so far. */
  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#octets.length - this.#at;
  }

  take(count: number): Octets {
    if (count > this.left) throw new RangeError(`the rdata ends ${count - this.left} octets too early`);
    this.#at += count;
    return this.#octets.slice(this.#at - count, this.#at);
  }

  rest(): Octets {
    return this.take(this.left);
  }

  /** An unsigned number of that many octets, at most 6, big-endian. */
  number(octets: number): number {
    let value = 0;
    for (const char of this.take(octets)) value = value * 256 + char.charCodeAt(0);
    return value;
  }

  /** Octets behind a length of one octet. */
  counted(): Octets {
    return this.take(this.number(1));
  }

  /** An uncompressed name. */
  name(): Name {
    let name = '';
    for (;;) {
      const length = this.number(1);
      if (length > 63) throw new RangeError('a name in the rdata has a label over 63 octets');
      name += String.fromCharCode(length) + this.take(length);
      if (name.length > MAX_NAME) throw new RangeError('a name in the rdata is over 255 octets');
      if (length === 0) return name;
    }
  }
}

/** 2^32 - 1: the greatest number that four octets hold. */
const MAX_U32 = 0xffffffff;

const UNIT_SECONDS: Readonly<Record<string, number>> = { w: 604800, d: 86400, h: 3600, m: 60, s: 1 };

/**
 * A period in seconds: `300`, `1h30m`, `2W` (the units are BIND's, which all servers took over).
 * @returns a number that may be over 2^32-1; undefined when the text is no period
 */
export function secondsFromText(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(?:\d+[wdhms])+$/i.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([a-z])/gi))
    seconds += Number(count) * UNIT_SECONDS[unit!.toLowerCase()]!;
  return seconds;
}

/** Reads one whole number from 0 to `max`. */
export function takeNumber(tokens: TokenReader, max: number): number {
  const expected = `a number from 0 to ${max}`;
  const token = tokens.take(expected);
  if (!/^\d+$/.test(token.text) || Number(token.text) > max) throw tokens.unexpected(token, expected);
  return Number(token.text);
}

const number = (kind: string, octets: number, name: string): Field => ({
  name,
  kind,
  parse: (tokens) => {
    const value = takeNumber(tokens, 2 ** (8 * octets) - 1);
    return octets === 1 ? String.fromCharCode(value) : octets === 2 ? u16(value) : u32(value);
  },
  format: (octetsOf) => String(octetsOf.number(octets)),
});

export const u8Field = (name: string): Field => number('u8', 1, name);
export const u16Field = (name: string): Field => number('u16', 2, name);
export const u32Field = (name: string): Field => number('u32', 4, name);

/** A number of one or two octets that may also be written as a mnemonic; the text form is the number. */
export const mnemonicField = (name: string, octets: 1 | 2, mnemonics: Readonly<Record<string, number>>): Field => ({
  name,
  kind: `u${8 * octets}`,
  parse: (tokens) => {
    const known = mnemonics[tokens.peek()?.text.toUpperCase() ?? ''];
    if (known !== undefined) tokens.take('a mnemonic');
    const value = known ?? takeNumber(tokens, 2 ** (8 * octets) - 1);
    return octets === 1 ? String.fromCharCode(value) : u16(value);
  },
  format: (octetsOf) => String(octetsOf.number(octets)),
});

/** A period of 32 bits, in seconds; units may be written. */
export const secondsField = (name: string): Field => ({
  name,
  kind: 'u32',
  parse: (tokens) => {
    const expected = 'seconds from 0 to 4294967295, or a period such as 1h30m';
    const token = tokens.take(expected);
    const seconds = secondsFromText(token.text);
    if (seconds === undefined || seconds > MAX_U32) throw tokens.unexpected(token, expected);
    return u32(seconds);
  },
  format: (octets) => String(octets.number(4)),
});

/** A point in time of 32 bits as `YYYYMMDDHHmmSS`, or as seconds since 1970 (RFC 4034 3.2). */
export const timeField = (name: string): Field => ({
  name,
  kind: 'u32',
  parse: (tokens) => {
    const expected = 'a time as YYYYMMDDHHmmSS, or seconds since 1970';
    const token = tokens.take(expected);
    if (/^\d{1,10}$/.test(token.text) && Number(token.text) <= MAX_U32) return u32(Number(token.text));
    const time = Date.parse(token.text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z'));
    const seconds = time / 1000;
    if (!(seconds >= 0 && seconds <= MAX_U32) || timeText(seconds) !== token.text)
      throw tokens.unexpected(token, expected);
    return u32(seconds);
  },
  format: (octets) => timeText(octets.number(4)),
});

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/[^\d]/g, '').slice(0, 14);
}

/** Reads one domain name and completes it with the origin. */
export function takeName(tokens: TokenReader): Name {
  const token = tokens.take('a domain name');
  return nameOfToken(token, tokens.origin, tokens.place);
}

/** The domain name that a token is. @throws PresentationError at the octet that is wrong */
export function nameOfToken(token: Token, origin: Name, place: string): Name {
  try {
    return parseName(token.text, origin);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw errorAt(token, `${place}: ${error.message}`, error.column);
  }
}

export const nameField = (name: string): Field => ({
  name,
  kind: 'name',
  parse: takeName,
  format: (octets) => nameToText(octets.name()),
});

const addressField =
  (kind: string, length: number, expected: string) =>
  (name: string): Field => ({
    name,
    kind,
    parse: (tokens) => {
      const token = tokens.take(expected);
      const address = addressOctets(token.text);
      if (address?.length !== length) throw tokens.unexpected(token, expected);
      return address;
    },
    format: (octets) => addressText(octets.take(length)),
  });

export const ipv4Field = addressField('ipv4', 4, 'an IPv4 address of four numbers without leading zeros');
export const ipv6Field = addressField('ipv6', 16, 'an IPv6 address');

/** Octets in quotes; what is not printable ASCII as `\DDD`. */
export function quote(octets: Octets): string {
  return `"${octets.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, (char) =>
    char === '"' || char === '\\' ? `\\${char}` : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`,
  )}"`;
}

/** Octets of a character-string (RFC 1035 3.3): its length is one octet. */
const MAX_STRING = 255;

/** A token as a character-string with its length before it. */
export function counted(token: Token, place: string): Octets {
  const octets = decodeToken(token);
  if (octets.length > MAX_STRING)
    throw errorAt(
      token,
      `${place}: expected at most 255 octets in a string, got ${octets.length}; write several strings`,
    );
  return String.fromCharCode(octets.length) + octets;
}

/** One character-string. */
export const stringField = (name: string): Field => ({
  name,
  kind: 'string',
  parse: (tokens) => counted(tokens.take('a string'), tokens.place),
  format: (octets) => quote(octets.counted()),
});

/** A character-string that may be left out, at the end of the rdata. */
export const optionalStringField = (name: string): Field => ({
  name,
  kind: 'string?',
  parse: (tokens) => (tokens.peek() ? counted(tokens.take('a string'), tokens.place) : ''),
  format: (octets) => (octets.left > 0 ? quote(octets.counted()) : ''),
});

/** Character-strings up to the end, at least one. */
export const stringsField = (name: string): Field => ({
  name,
  kind: 'strings',
  parse: (tokens) => {
    let octets = '';
    for (const token of tokens.takeRest('a string')) octets += counted(token, tokens.place);
    return octets;
  },
  format: (octets) => {
    const strings: string[] = [];
    do strings.push(quote(octets.counted()));
    while (octets.left > 0);
    return strings.join(' ');
  },
});

/** Text up to the end of the rdata, without a length (CAA, URI). */
export const textField = (name: string): Field => ({
  name,
  kind: 'text',
  parse: (tokens) => decodeToken(tokens.take('a text')),
  format: (octets) => quote(octets.rest()),
});

const TYPE_EXPECTED = 'a record type such as A or TYPE65280';

/** One record type by its mnemonic. */
export const typeField = (name: string): Field => ({
  name,
  kind: 'u16',
  parse: (tokens) => u16(takeType(tokens)),
  format: (octets) => octets.types.mnemonicOf(octets.number(2)),
});

function takeType(tokens: TokenReader): number {
  const token = tokens.take(TYPE_EXPECTED);
  const code = tokens.types.codeOf(token.text);
  if (code === undefined) throw tokens.unexpected(token, TYPE_EXPECTED);
  return code;
}

/** Record types up to the end as a bitmap of windows (RFC 4034 4.1.2); may be empty. */
export const typeBitmapField = (name: string): Field => ({
  name,
  kind: 'bitmap',
  parse: (tokens) => {
    const windows = new Map<number, number[]>();
    while (tokens.peek()) {
      const code = takeType(tokens);
      const bits = windows.get(code >> 8) ?? new Array<number>(32).fill(0);
      windows.set(code >> 8, bits);
      bits[(code & 255) >> 3]! |= 0x80 >> (code & 7);
    }
    let octets = '';
    for (const [window, bits] of [...windows].sort(([a], [b]) => a - b)) {
      const length = bits.findLastIndex((byte) => byte !== 0) + 1;
      octets += String.fromCharCode(window, length, ...bits.slice(0, length));
    }
    return octets;
  },
  format: (octets) => {
    const names: string[] = [];
    for (let last = -1; octets.left > 0; ) {
      const window = octets.number(1);
      const bits = octets.counted();
      if (window <= last || bits.length === 0 || bits.length > 32 || bits.endsWith('\0'))
        throw new RangeError('the type bitmap is not in the form of RFC 4034 4.1.2');
      last = window;
      for (let bit = 0; bit < bits.length * 8; bit++)
        if (bits.charCodeAt(bit >> 3) & (0x80 >> (bit & 7))) names.push(octets.types.mnemonicOf(window * 256 + bit));
    }
    return names.join(' ');
  },
});
