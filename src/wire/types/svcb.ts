// Service bindings (RFC 9460): priority, target and parameters `key=value`, whose values have forms of their own.
import { base64Text } from '../field-encodings.ts';
import type { Field, RecordType } from '../fields.ts';
import { nameField, quote, u16Field } from '../fields.ts';
import type { Octets } from '../name.ts';
import { addressOctets, addressText, u16 } from '../rr.ts';
import type { Token, TokenReader } from '../tokens.ts';
import { decodeToken } from '../tokens.ts';

/** How the value of one parameter is written; both directions throw RangeError for what cannot be. */
interface ValueForm {
  /** From the text with the token's escapes decoded; `undefined` when nothing stands behind the key. */
  readonly parse: (value: Octets | undefined) => Octets;
  /** Undefined: the key stands alone. */
  readonly format: (octets: Octets) => string | undefined;
}

function given(value: Octets | undefined): Octets {
  if (value === undefined || value === '') throw new RangeError('a value is missing');
  return value;
}

/** Splits at commas; `\,` and `\\` stand for the octet itself (RFC 9460 A.1). */
function splitList(value: Octets): Octets[] {
  const items: Octets[] = [];
  let item = '';
  for (let i = 0; i < value.length; i++) {
    if (value[i] === ',') {
      items.push(item);
      item = '';
    } else if (value[i] === '\\' && i + 1 < value.length) item += value[++i];
    else item += value[i];
  }
  return [...items, item];
}

const protocols: ValueForm = {
  parse: (value) =>
    splitList(given(value))
      .map((id) => {
        if (id === '' || id.length > 255) throw new RangeError('a protocol has 1 to 255 octets');
        return String.fromCharCode(id.length) + id;
      })
      .join(''),
  format: (octets) => {
    const ids: string[] = [];
    for (let at = 0; at < octets.length; ) {
      const length = octets.charCodeAt(at);
      const id = octets.slice(at + 1, at + 1 + length);
      if (length === 0 || id.length < length) throw new RangeError('a list of protocols is cut off');
      ids.push(id.replace(/[\\,]/g, '\\$&'));
      at += 1 + length;
    }
    return quote(given(ids.join(',')));
  },
};

const flag: ValueForm = {
  parse: (value) => {
    if (value !== undefined && value !== '') throw new RangeError('this key takes no value');
    return '';
  },
  format: (octets) => {
    if (octets !== '') throw new RangeError('this key takes no value');
    return undefined;
  },
};

const port: ValueForm = {
  parse: (value) => {
    if (!/^\d{1,5}$/.test(given(value)) || Number(value) > 65535) throw new RangeError('a port is 0 to 65535');
    return u16(Number(value));
  },
  format: (octets) => {
    if (octets.length !== 2) throw new RangeError('a port has two octets');
    return String(u16At(octets, 0));
  },
};

const hints = (length: number): ValueForm => ({
  parse: (value) =>
    given(value)
      .split(',')
      .map((text) => {
        const address = addressOctets(text);
        if (address?.length !== length) throw new RangeError(`expected addresses of ${length} octets, got "${text}"`);
        return address;
      })
      .join(''),
  format: (octets) => {
    if (octets === '' || octets.length % length !== 0) throw new RangeError('the list of addresses is cut off');
    const addresses: string[] = [];
    for (let at = 0; at < octets.length; at += length) addresses.push(addressText(octets.slice(at, at + length)));
    return addresses.join(',');
  },
});

const base64: ValueForm = {
  parse: (value) => {
    const octets = Buffer.from(given(value), 'base64').toString('latin1');
    if (base64Text(octets) !== value) throw new RangeError('expected base64 digits');
    return octets;
  },
  format: (octets) => base64Text(given(octets)),
};

/** Text that may not be empty. */
const text: ValueForm = { parse: given, format: (octets) => quote(given(octets)) };

/** Octets of no known form. */
const opaque: ValueForm = {
  parse: (value) => value ?? '',
  format: (octets) => (octets === '' ? undefined : quote(octets)),
};

/** Numbers of two octets by commas; `names` read and write them. */
const numbers = (read: (text: string) => number | undefined, write: (code: number) => string): ValueForm => ({
  parse: (value) =>
    given(value)
      .split(',')
      .map((text) => {
        const code = read(text);
        if (code === undefined) throw new RangeError(`"${text}" is not known`);
        return u16(code);
      })
      .join(''),
  format: (octets) => {
    if (octets === '' || octets.length % 2 !== 0) throw new RangeError('the list is cut off');
    const items: string[] = [];
    for (let at = 0; at < octets.length; at += 2) items.push(write(u16At(octets, at)));
    return items.join(',');
  },
});

function u16At(octets: Octets, at: number): number {
  return (octets.charCodeAt(at) << 8) | octets.charCodeAt(at + 1);
}

const MANDATORY = 0;
const ALPN = 1;
const NO_DEFAULT_ALPN = 2;

/** IANA "Service Parameter Keys": name and form by number. */
const KEYS: ReadonlyMap<number, readonly [string, ValueForm]> = new Map<number, readonly [string, ValueForm]>([
  [MANDATORY, ['mandatory', numbers(keyByName, keyName)]],
  [ALPN, ['alpn', protocols]],
  [NO_DEFAULT_ALPN, ['no-default-alpn', flag]],
  [3, ['port', port]],
  [4, ['ipv4hint', hints(4)]],
  [5, ['ech', base64]],
  [6, ['ipv6hint', hints(16)]],
  [7, ['dohpath', text]],
  [8, ['ohttp', flag]],
  [
    9,
    [
      'tls-supported-groups',
      numbers((text) => (/^\d{1,5}$/.test(text) && Number(text) < 65536 ? Number(text) : undefined), String),
    ],
  ],
]);

const KEY_CODES: ReadonlyMap<string, number> = new Map([...KEYS].map(([code, [name]]) => [name, code]));

function keyName(code: number): string {
  return KEYS.get(code)?.[0] ?? `key${code}`;
}

/** The number of a key; 65535 is reserved as invalid (RFC 9460 14.3.2). */
function keyByName(name: string): number | undefined {
  const known = KEY_CODES.get(name);
  if (known !== undefined) return known;
  const code = /^key(0|[1-9]\d{0,4})$/.exec(name)?.[1];
  return code !== undefined && Number(code) < 65535 ? Number(code) : undefined;
}

/** Reads `key`, `key=value` or `key="value"`; the last is two tokens, because a quote begins a new one. */
function takeParameter(tokens: TokenReader): [token: Token, code: number, octets: Octets] {
  const token = tokens.take('a parameter');
  const equals = token.text.indexOf('=');
  const name = equals < 0 ? token.text : token.text.slice(0, equals);
  const code = token.quoted ? undefined : keyByName(name);
  if (code === undefined) throw tokens.unexpected(token, 'a parameter such as port=443 or key667=text');
  let value =
    equals < 0
      ? undefined
      : decodeToken({ ...token, text: token.text.slice(equals + 1), column: token.column + equals + 1 });
  const next = tokens.peek();
  if (value === '' && next?.quoted && next.joined) value = decodeToken(tokens.take('a value'));
  try {
    const form = KEYS.get(code)?.[1] ?? opaque;
    // Written by its number, a value is its octets (RFC 9460 2.1); they must still be what the key allows.
    const octets = name.startsWith('key') ? (value ?? '') : form.parse(value);
    form.format(octets);
    return [token, code, octets];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw tokens.unexpected(token, `${keyName(code)} with a right value (${error.message})`);
  }
}

/** Why parameters do not go together (RFC 9460 2.2, 7.1.1, 8), undefined when they do. */
function clash(parameters: ReadonlyMap<number, Octets>): string | undefined {
  if (parameters.has(NO_DEFAULT_ALPN) && !parameters.has(ALPN)) return 'alpn beside no-default-alpn';
  const mandatory = parameters.get(MANDATORY) ?? '';
  const seen = new Set<number>();
  for (let at = 0; at < mandatory.length; at += 2) {
    const key = u16At(mandatory, at);
    if (key === MANDATORY || seen.has(key)) return 'keys that are listed once in mandatory, itself not among them';
    if (!parameters.has(key)) return `${keyName(key)}, which is listed in mandatory`;
    seen.add(key);
  }
  return undefined;
}

const parametersField: Field = {
  name: 'parameters',
  kind: 'svcparams',
  parse: (tokens) => {
    const parameters = new Map<number, Octets>();
    let first: Token | undefined;
    while (tokens.peek()) {
      const [token, code, octets] = takeParameter(tokens);
      first ??= token;
      if (parameters.has(code)) throw tokens.unexpected(token, `${keyName(code)} only once`);
      parameters.set(code, code === MANDATORY ? sortPairs(octets) : octets);
    }
    const missing = clash(parameters);
    if (missing) throw tokens.unexpected(first!, missing);
    return [...parameters]
      .sort(([a], [b]) => a - b)
      .map(([code, octets]) => u16(code) + u16(octets.length) + octets)
      .join('');
  },
  format: (octets) => {
    const parameters = new Map<number, Octets>();
    const parts: string[] = [];
    for (let last = -1; octets.left > 0; ) {
      const code = octets.number(2);
      const value = octets.take(octets.number(2));
      if (code <= last || code === 65535) throw new RangeError('service parameters are not in ascending order');
      if (code === MANDATORY && sortPairs(value) !== value) throw new RangeError('mandatory is not in ascending order');
      last = code;
      parameters.set(code, value);
      const text = (KEYS.get(code)?.[1] ?? opaque).format(value);
      parts.push(text === undefined ? keyName(code) : `${keyName(code)}=${text}`);
    }
    const missing = clash(parameters);
    if (missing) throw new RangeError(`expected ${missing}`);
    return parts.join(' ');
  },
};

/** Keys of `mandatory` stand in ascending order on the wire (RFC 9460 8). */
function sortPairs(octets: Octets): Octets {
  return (octets.match(/../gs) ?? []).sort().join('');
}

const FIELDS: readonly Field[] = [u16Field('priority'), nameField('target'), parametersField];

export const SVCB = {
  mnemonic: 'SVCB',
  code: 64,
  rfc: 'RFC 9460',
  additional: 'target',
  fields: FIELDS,
} satisfies RecordType;
export const HTTPS = {
  mnemonic: 'HTTPS',
  code: 65,
  rfc: 'RFC 9460',
  additional: 'target',
  fields: FIELDS,
} satisfies RecordType;
