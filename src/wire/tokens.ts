// The lexical half of presentation format (RFC 1035 5.1): text -> entries of tokens. Comments, quotes, parentheses and
// escapes end here; what the tokens mean is for `fields.ts` (rdata) and `zone/masterfile.ts` (entries) to say.
import type { Name, Octets } from './name.ts';

/** Why a text is no presentation format, and where; line and column count octets from 1. */
export class PresentationError extends SyntaxError {
  override readonly name = 'PresentationError';
  readonly line: number;
  readonly column: number;
  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

export interface Token {
  /** As it stands in the text: escapes not yet decoded, quotes taken off. */
  readonly text: Octets;
  readonly quoted: boolean;
  /** Stands right behind the token before it, without white space (`alpn="h2"` is two tokens). */
  readonly joined: boolean;
  readonly line: number;
  readonly column: number;
}

/** One directive or record: a line, or several held together by parentheses. */
export interface Entry {
  /** At least one. */
  readonly tokens: readonly Token[];
  /** The line began with white space: the owner is left out. */
  readonly indented: boolean;
}

const LF = 10;
const CR = 13;
const QUOTE = 34;
const OPEN = 40;
const CLOSE = 41;
const SEMICOLON = 59;
const BACKSLASH = 92;

/** 1 for the octets that end a token without quotes. Carriage return counts as white space, so CRLF needs no rule. */
const ENDS_TOKEN = new Uint8Array(256);
for (const char of ' \t\r\n"();') ENDS_TOKEN[char.charCodeAt(0)] = 1;

/** Splits a text into entries. After an error it stands at the next line and can go on. */
export class Tokenizer {
  readonly #text: Octets;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: Octets) {
    this.#text = text;
    // A byte order mark as Windows editors write it.
    if (text.startsWith('\xef\xbb\xbf')) this.#at = this.#lineStart = 3;
  }

  /**
   * The next entry that has a token; undefined at the end of the text.
   * @throws PresentationError for an open quote or a parenthesis without its partner
   */
  next(): Entry | undefined {
    const text = this.#text;
    const tokens: Token[] = [];
    let indented = false;
    let depth = 0;
    let open: PresentationError | undefined;
    let lastEnd = -1;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      switch (code) {
        case LF:
          this.#startLine(this.#at + 1);
          if (depth > 0) break;
          if (tokens.length > 0) return { tokens, indented };
          indented = false;
          break;
        case 32:
        case 9:
        case CR:
          if (this.#at === this.#lineStart && depth === 0) indented = true;
          this.#at++;
          break;
        case SEMICOLON: {
          const end = text.indexOf('\n', this.#at);
          this.#at = end < 0 ? text.length : end;
          break;
        }
        case OPEN:
          if (depth++ === 0) open = this.#error('this parenthesis is never closed', this.#at);
          this.#at++;
          break;
        case CLOSE:
          if (depth-- === 0)
            throw this.#skipLine(this.#error('a closing parenthesis without an opening one', this.#at));
          this.#at++;
          break;
        default: {
          const start = this.#at;
          const quoted = code === QUOTE;
          const end = quoted ? this.#endOfQuoted(start + 1) : this.#endOfPlain(start);
          tokens.push({
            text: quoted ? text.slice(start + 1, end) : text.slice(start, end),
            quoted,
            joined: start === lastEnd,
            line: this.#line,
            column: start - this.#lineStart + 1,
          });
          this.#at = lastEnd = quoted ? end + 1 : end;
        }
      }
    }
    if (depth > 0) throw open;
    return tokens.length > 0 ? { tokens, indented } : undefined;
  }

  #endOfPlain(start: number): number {
    const text = this.#text;
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (ENDS_TOKEN[code] === 1) break;
      // An escaped octet belongs to the token, unless it is the line's end.
      if (code === BACKSLASH && at + 1 < text.length && !isLineEnd(text.charCodeAt(at + 1))) at++;
    }
    return at;
  }

  #endOfQuoted(start: number): number {
    const text = this.#text;
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) return at;
      if (code === BACKSLASH) at++;
      if (text.charCodeAt(at) === LF) break;
    }
    throw this.#skipLine(this.#error('this quote is not closed on its line', start - 1));
  }

  #startLine(at: number): void {
    this.#at = this.#lineStart = at;
    this.#line++;
  }

  #error(message: string, at: number): PresentationError {
    return new PresentationError(message, this.#line, at - this.#lineStart + 1);
  }

  #skipLine(error: PresentationError): PresentationError {
    const end = this.#text.indexOf('\n', this.#at);
    if (end < 0) this.#at = this.#text.length;
    else this.#startLine(end + 1);
    return error;
  }
}

function isLineEnd(code: number): boolean {
  return code === LF || code === CR;
}

/** Shows what stands in the text in a message: UTF-8 where it is, shortened. */
function shown(token: Token): string {
  const text = Buffer.from(token.text, 'latin1').toString('utf8');
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

/** An error at a token: `place: expected X, got "Y"`. `offset`: octets into the token's text. */
export function unexpected(token: Token, place: string, expected: string, offset = 0): PresentationError {
  return errorAt(token, `${place}: expected ${expected}, got ${shown(token)}`, offset);
}

/** An error at a token, `offset` octets into its text. */
export function errorAt(token: Token, message: string, offset = 0): PresentationError {
  return new PresentationError(message, token.line, token.column + offset + (token.quoted && offset > 0 ? 1 : 0));
}

/** A mnemonic's number and back, for the fields that hold record types. Comes from `types.ts`, which knows the rows. */
export interface TypeNames {
  /** The code of `SRV` or `TYPE33`, in any case; undefined for anything else. */
  readonly codeOf: (mnemonic: string) => number | undefined;
  readonly mnemonicOf: (code: number) => string;
}

/** A cursor over the tokens of one record's rdata. */
export class TokenReader {
  /** Completes relative names. */
  readonly origin: Name;
  readonly types: TypeNames;
  /** The field that is being read, for messages: `SRV port`. */
  place = 'rdata';
  readonly #tokens: readonly Token[];
  #next: number;

  /** @param start index of the first rdata token; the one before it (when there is one) marks the place of what is missing */
  constructor(tokens: readonly Token[], start: number, origin: Name, types: TypeNames) {
    this.#tokens = tokens;
    this.#next = start;
    this.origin = origin;
    this.types = types;
  }

  /** The next token, left where it is; undefined at the end. */
  peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  /** The next token. @throws PresentationError at the end, naming `expected` */
  take(expected: string): Token {
    const token = this.#tokens[this.#next];
    if (!token) throw this.missing(expected);
    this.#next++;
    return token;
  }

  /** All tokens that are left; at least one. */
  takeRest(expected: string): Token[] {
    if (!this.peek()) throw this.missing(expected);
    const rest = this.#tokens.slice(this.#next);
    this.#next = this.#tokens.length;
    return rest;
  }

  /** The error of a record that ends too early; it points right behind the last token. */
  missing(expected: string): PresentationError {
    const last = this.#tokens.at(-1);
    const column = last ? last.column + last.text.length + (last.quoted ? 2 : 0) : 1;
    return new PresentationError(
      `${this.place}: expected ${expected}, got the end of the record`,
      last?.line ?? 1,
      column,
    );
  }

  /** An error at `token`, naming the field. */
  unexpected(token: Token, expected: string, offset = 0): PresentationError {
    return unexpected(token, this.place, expected, offset);
  }
}

/**
 * The octets that a token stands for: `\X` is X, `\DDD` the octet of that decimal number (RFC 1035 5.1).
 * @throws PresentationError at the escape that is none
 */
export function decodeToken(token: Token): Octets {
  const text = token.text;
  let at = text.indexOf('\\');
  if (at < 0) return text;
  let octets = '';
  let from = 0;
  for (; at >= 0; at = text.indexOf('\\', from)) {
    octets += text.slice(from, at);
    const next = text.charCodeAt(at + 1);
    if (next >= 0x30 && next <= 0x39) {
      const digits = text.slice(at + 1, at + 4);
      if (!/^\d{3}$/.test(digits)) throw errorAt(token, 'a \\ before a digit wants three digits', at);
      if (Number(digits) > 255) throw errorAt(token, `\\${digits} is over 255`, at);
      octets += String.fromCharCode(Number(digits));
      from = at + 4;
    } else {
      if (at + 1 >= text.length) throw errorAt(token, 'a \\ at the end escapes nothing', at);
      octets += text.charAt(at + 1);
      from = at + 2;
    }
  }
  return octets + text.slice(from);
}
