// Steps through the text of a large JSON document without parsing it: finds members and elements by their brackets, and
// parses only the values that are asked for. A 75 MB document never stands in memory as one tree, and where it comes in
// pieces not even as one text.
import { faultOf, JsonError } from './json.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** First and past-the-last octet of a value. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Thrown where the text that is there ends within a value, and more of it is to come. */
export const OUT_OF_TEXT = new Error('the text goes on');

const NO_BYTES = Buffer.alloc(0);

/**
 * Reads one document forwards. What is skipped is checked for its brackets and quotes only. All methods throw JsonError
 * where the text is faulty or ends too early.
 */
export class JsonScanner {
  #bytes: Buffer;
  #view: DataView;
  #at = 0;
  /** What stands in front of it is done with. */
  #kept = 0;
  #isLast = true;

  /** @param bytes UTF-8; a byte order mark is skipped */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#at = 3;
  }

  /** Of a text that comes in pieces: nothing is there yet. Its errors name no place. */
  static ofPieces(): JsonScanner {
    const scanner = new JsonScanner(NO_BYTES);
    scanner.#isLast = false;
    return scanner;
  }

  /** What is there of the text. */
  get view(): DataView {
    return this.#view;
  }

  /** All in front of here is done with. */
  keep(): void {
    this.#kept = this.#at;
  }

  /** Goes back to where `keep` was called. @returns what is there of the text from that place on */
  back(): Buffer {
    this.#at = this.#kept;
    return this.#bytes.subarray(this.#kept);
  }

  /** Goes on with what `back` gave and what comes behind it. @param isLast whether the text ends there */
  feed(bytes: Buffer, isLast: boolean): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#at = 0;
    this.#kept = 0;
    this.#isLast = isLast;
  }

  /** Whether the next value is an object, a list, or something else. */
  next(): 'object' | 'list' | 'other' {
    const byte = this.#next();
    if (byte === OPEN_BRACE) return 'object';
    return byte === OPEN_BRACKET ? 'list' : 'other';
  }

  /** Calls `onMember` at the value of each member of the object; it must consume that value, or return false to stop there. */
  object(onMember: (name: string) => unknown): void {
    for (let isFirst = true; ; isFirst = false) {
      const name = this.member(isFirst);
      if (name === undefined || onMember(name) === false) return;
    }
  }

  /** Calls `onElement` at each element of the list; it must consume that element. */
  list(onElement: () => unknown): void {
    for (let isFirst = true; this.element(isFirst); isFirst = false) onElement();
  }

  /**
   * Goes on to the value of an object's next member.
   * @param isFirst whether the object begins here
   * @returns the member's name; undefined at the end of the object, which is then behind
   */
  member(isFirst: boolean): string | undefined {
    if (isFirst) this.#expect(OPEN_BRACE, '{');
    if (this.#next() === CLOSE_BRACE) {
      this.#at++;
      return undefined;
    }
    if (!isFirst) this.#expect(COMMA, '," or "}');
    if (this.#next() !== QUOTE) throw this.#fault('expected a name in double quotes');
    const name = this.value() as string;
    this.#expect(COLON, ':');
    return name;
  }

  /** The same with a list's next element. @returns false at the end of the list, which is then behind */
  element(isFirst: boolean): boolean {
    if (isFirst) this.#expect(OPEN_BRACKET, '[');
    if (this.#next() === CLOSE_BRACKET) {
      this.#at++;
      return false;
    }
    if (!isFirst) this.#expect(COMMA, '," or "]');
    return true;
  }

  /** Offset of the next value. */
  place(): number {
    this.#next();
    return this.#at;
  }

  /** Goes on at an offset, as if all in front of it had been skipped. */
  moveTo(offset: number): void {
    this.#at = offset;
  }

  /** Goes past the next value. @returns where it stands */
  skip(): Span {
    const first = this.#next();
    const start = this.#at;
    if (first === OPEN_BRACE || first === OPEN_BRACKET) this.#skipNested();
    else if (first === QUOTE) this.#at = this.#pastString(start);
    else this.#skipWord();
    return { start, end: this.#at };
  }

  /** The next value, parsed. */
  value(): unknown {
    return this.parse(this.skip());
  }

  /** A value that was skipped before, parsed. */
  parse(span: Span): unknown {
    const text = this.#bytes.toString('utf8', span.start, span.end);
    try {
      return JSON.parse(text);
    } catch (cause) {
      const inner = faultOf(text, cause);
      const outer = this.#positionAt(span.start);
      const column = inner.position.line === 1 ? outer.column + inner.position.column - 1 : inner.position.column;
      throw new JsonError(inner.reason, { line: outer.line + inner.position.line - 1, column });
    }
  }

  /** Throws when anything but space follows. */
  end(): void {
    this.#next();
    if (this.#at < this.#bytes.length) throw this.#fault('expected the end of the text');
  }

  #skipNested(): void {
    const bytes = this.#bytes;
    const end = bytes.length;
    let depth = 0;
    for (let at = this.#at; at < end; ) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        at = this.#pastString(at);
        continue;
      }
      at++;
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) {
        this.#at = at;
        return;
      }
    }
    throw this.#ended('the text ends within a value');
  }

  /** @param at the opening quote @returns past the closing one */
  #pastString(at: number): number {
    const bytes = this.#bytes;
    const end = bytes.length;
    for (at++; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH) at++;
    }
    throw this.#ended('the text ends within a string');
  }

  /** A number, true, false or null: up to what can follow one. */
  #skipWord(): void {
    const start = this.#at;
    for (; this.#at < this.#bytes.length; this.#at++) {
      const byte = this.#bytes[this.#at]!;
      if (byte <= 0x20 || byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte === COLON) break;
    }
    if (this.#at === start) throw this.#fault('expected a value');
    if (this.#at === this.#bytes.length && !this.#isLast) throw OUT_OF_TEXT;
  }

  /** Goes past space. @returns the octet behind it; undefined at the end of the text */
  #next(): number | undefined {
    const bytes = this.#bytes;
    while (bytes[this.#at] === 0x20 || bytes[this.#at] === 0x0a || bytes[this.#at] === 0x0d || bytes[this.#at] === 0x09)
      this.#at++;
    if (this.#at >= bytes.length && !this.#isLast) throw OUT_OF_TEXT;
    return bytes[this.#at];
  }

  #expect(byte: number, shown: string): void {
    if (this.#next() !== byte) throw this.#fault(`expected "${shown}"`);
    this.#at++;
  }

  #ended(reason: string): Error {
    return this.#isLast ? this.#fault(reason, this.#bytes.length) : OUT_OF_TEXT;
  }

  #fault(reason: string, at = this.#at): JsonError {
    const got =
      at >= this.#bytes.length ? 'the end of the text' : JSON.stringify(this.#bytes.toString('utf8', at, at + 1));
    return new JsonError(`${reason}, got ${got}`, this.#positionAt(at));
  }

  #positionAt(offset: number): { line: number; column: number } {
    let line = 1;
    let start = 0;
    for (let at = this.#bytes.indexOf(0x0a); at >= 0 && at < offset; at = this.#bytes.indexOf(0x0a, at + 1)) {
      line++;
      start = at + 1;
    }
    return { line, column: this.#bytes.toString('utf8', start, offset).length + 1 };
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
