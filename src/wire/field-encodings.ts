// The kinds of rdata fields that are binary data in digits: hexadecimal, base64 (RFC 4648 4), base32hex (RFC 5155 3.3).
import type { Field } from './fields.ts';
import type { Octets } from './name.ts';
import type { Token, TokenReader } from './tokens.ts';

/** Octets as hexadecimal digits, upper case. */
export function hexText(octets: Octets): string {
  return Buffer.from(octets, 'latin1').toString('hex').toUpperCase();
}

/**
 * The octets of all tokens that are left, written in hexadecimal with white space anywhere (RFC 3597 5, RFC 4034 5.3).
 * @throws PresentationError at the token that has another digit, or when the digits are no whole octets
 */
export function takeHex(tokens: TokenReader, rest: readonly Token[]): Octets {
  for (const token of rest) {
    const wrong = token.text.search(/[^0-9A-Fa-f]/);
    if (wrong >= 0 || token.quoted) throw tokens.unexpected(token, 'hexadecimal digits', Math.max(wrong, 0));
  }
  const digits = rest.map((token) => token.text).join('');
  if (digits.length % 2 === 1)
    throw tokens.unexpected(rest.at(-1)!, `an even number of hexadecimal digits instead of ${digits.length}`);
  return Buffer.from(digits, 'hex').toString('latin1');
}

/** Hexadecimal up to the end, at least one octet. */
export const hexField = (name: string): Field => ({
  name,
  kind: 'hex',
  parse: (tokens) => takeHex(tokens, tokens.takeRest('hexadecimal digits')),
  format: (octets) => hexText(notEmpty(octets.rest())),
});

function notEmpty(octets: Octets): Octets {
  if (octets === '') throw new RangeError('the last field is empty');
  return octets;
}

/** Hexadecimal in one token with a length of one octet before it; `-` stands for none (RFC 5155 3.3). */
export const saltField = (name: string): Field => ({
  name,
  kind: 'salt',
  parse: (tokens) => {
    const token = tokens.take('hexadecimal digits or -');
    const salt = token.text === '-' ? '' : takeHex(tokens, [token]);
    if (salt.length > 255) throw tokens.unexpected(token, 'at most 255 octets');
    return String.fromCharCode(salt.length) + salt;
  },
  format: (octets) => hexText(octets.counted()) || '-',
});

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Octets as base64 (RFC 4648 4). */
export function base64Text(octets: Octets): string {
  return Buffer.from(octets, 'latin1').toString('base64');
}

/** The octets of tokens that hold base64, white space anywhere. */
export function takeBase64(tokens: TokenReader, rest: readonly Token[]): Octets {
  const text = rest.map((token) => token.text).join('');
  if (!BASE64.test(text)) {
    const token = rest.find((one) => /[^A-Za-z0-9+/=]/.test(one.text)) ?? rest.at(-1)!;
    throw tokens.unexpected(token, 'base64 digits in groups of four');
  }
  return Buffer.from(text, 'base64').toString('latin1');
}

/** Base64 up to the end, at least one octet. */
export const base64Field = (name: string): Field => ({
  name,
  kind: 'base64',
  parse: (tokens) => takeBase64(tokens, tokens.takeRest('base64 digits')),
  format: (octets) => base64Text(notEmpty(octets.rest())),
});

/** Base64 up to the end that may be left out (a KEY record without a key, RFC 2535 3.1.2). */
export const optionalBase64Field = (name: string): Field => ({
  name,
  kind: 'base64?',
  parse: (tokens) => (tokens.peek() ? takeBase64(tokens, tokens.takeRest('base64 digits')) : ''),
  format: (octets) => base64Text(octets.rest()),
});

const BASE32HEX = '0123456789ABCDEFGHIJKLMNOPQRSTUV';

/** A hash in base32hex without padding, a length of one octet before it (RFC 5155 3.3). */
export const base32Field = (name: string): Field => ({
  name,
  kind: 'base32',
  parse: (tokens) => {
    const token = tokens.take('base32hex digits');
    let octets = '';
    let bits = 0;
    let value = 0;
    for (const char of token.text.toUpperCase()) {
      const digit = BASE32HEX.indexOf(char);
      if (digit < 0) throw tokens.unexpected(token, 'base32hex digits');
      value = ((value << 5) | digit) & 0xfff;
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        octets += String.fromCharCode((value >> bits) & 255);
      }
    }
    if (bits >= 5 || octets === '' || octets.length > 255 || (value & ((1 << bits) - 1)) !== 0)
      throw tokens.unexpected(token, 'base32hex digits of 1 to 255 whole octets');
    return String.fromCharCode(octets.length) + octets;
  },
  format: (reader) => {
    let text = '';
    let bits = 0;
    let value = 0;
    for (const char of notEmpty(reader.counted())) {
      value = ((value << 8) | char.charCodeAt(0)) & 0xfff;
      for (bits += 8; bits >= 5; bits -= 5) text += BASE32HEX[(value >> (bits - 5)) & 31];
    }
    return bits > 0 ? text + BASE32HEX[(value << (5 - bits)) & 31] : text;
  },
});
