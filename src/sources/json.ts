// Reads JSON (RFC 8259) and, when it is faulty, says in which line and column. JSON.parse is fast but often gives no
// place, so the slow reader below goes over the text again, and only then.

export interface Position {
  /** Both from 1; columns count UTF-16 units, as editors do. */
  readonly line: number;
  readonly column: number;
}

/** Why a text is no JSON, and where. */
export class JsonError extends SyntaxError {
  override readonly name = 'JsonError';
  readonly position: Position;
  /** The fault without its place. */
  readonly reason: string;
  constructor(reason: string, position: Position) {
    super(`line ${position.line}, column ${position.column}: ${reason}`);
    this.reason = reason;
    this.position = position;
  }
}

/** A step into a value: a member's name or an element's number. */
export type Path = readonly PropertyKey[];

/** @throws JsonError */
export function parseJson(text: string): unknown {
  // Editors on Windows put a byte order mark in front (RFC 8259 8.1 lets a reader skip it).
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return JSON.parse(bare);
  } catch (cause) {
    throw faultOf(bare, cause);
  }
}

/** The first fault of a text that JSON.parse refused. */
export function faultOf(text: string, cause: unknown): JsonError {
  const walk = new Walk(text);
  try {
    walk.document();
  } catch (error) {
    if (error instanceof Fault) return new JsonError(error.message, positionAt(text, error.at));
    throw error;
  }
  return new JsonError(cause instanceof Error ? cause.message : String(cause), positionAt(text, 0));
}

/**
 * Where in a well-formed text the value at `path` stands; of a path that leads nowhere (a missing member) the place of
 * the last value on the way.
 */
export function positionOf(text: string, path: Path): Position {
  const walk = new Walk(text, path);
  walk.document();
  return positionAt(text, walk.found);
}

/** Line and column of an offset into the text. */
export function positionAt(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

/** `tasks[3].ports[0].name` */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : `${text === '' ? '' : '.'}${String(step)}`;
  return text;
}

class Fault extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Deeper nesting than any document of ours; keeps the recursion off the end of the stack. */
const MAX_DEPTH = 500;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;

/** Goes over a text strictly, value by value. Follows one path if given. */
class Walk {
  /** Offset of the value at the wanted path, or of the last one on the way to it. */
  found = 0;
  readonly #text: string;
  readonly #path: Path | undefined;
  #at = 0;

  constructor(text: string, path?: Path) {
    this.#text = text;
    this.#path = path;
  }

  document(): void {
    this.#take(SPACE);
    if (this.#at === this.#text.length) throw new Fault('the text is empty, expected a JSON value', 0);
    this.#value(0, this.#path !== undefined);
    this.#take(SPACE);
    if (this.#at < this.#text.length) throw new Fault(`expected the end of the text, got ${this.#here()}`, this.#at);
  }

  /** @param onPath whether the value lies on the wanted path, of which `depth` steps are done */
  #value(depth: number, onPath: boolean): void {
    if (onPath) this.found = this.#at;
    if (depth > MAX_DEPTH) throw new Fault(`values are nested more than ${MAX_DEPTH} deep`, this.#at);
    const first = this.#text[this.#at];
    if (first === '{') this.#members(depth, onPath);
    else if (first === '[') this.#elements(depth, onPath);
    else if (first === '"') this.#string();
    else if (!this.#take(NUMBER) && !this.#take(WORD))
      throw new Fault(`expected a value, got ${this.#here()}`, this.#at);
  }

  #members(depth: number, onPath: boolean): void {
    this.#at++;
    for (let count = 0; ; count++) {
      this.#take(SPACE);
      if (this.#text[this.#at] === '}' && count === 0) break;
      if (this.#text[this.#at] !== '"')
        throw new Fault(`expected a name in double quotes, got ${this.#here()}`, this.#at);
      const name = JSON.parse(this.#string()) as string;
      this.#take(SPACE);
      if (this.#text[this.#at] !== ':') throw new Fault(`expected ":" after a name, got ${this.#here()}`, this.#at);
      this.#at++;
      this.#take(SPACE);
      this.#value(depth + 1, onPath && this.#path?.[depth] === name);
      this.#take(SPACE);
      if (this.#text[this.#at] === '}') break;
      this.#comma('}');
    }
    this.#at++;
  }

  #elements(depth: number, onPath: boolean): void {
    this.#at++;
    for (let count = 0; ; count++) {
      this.#take(SPACE);
      if (this.#text[this.#at] === ']' && count === 0) break;
      this.#value(depth + 1, onPath && this.#path?.[depth] === count);
      this.#take(SPACE);
      if (this.#text[this.#at] === ']') break;
      this.#comma(']');
    }
    this.#at++;
  }

  #comma(close: string): void {
    if (this.#text[this.#at] !== ',') throw new Fault(`expected "," or "${close}", got ${this.#here()}`, this.#at);
    const comma = this.#at++;
    this.#take(SPACE);
    if (this.#text[this.#at] === close) throw new Fault(`a "," may not stand before "${close}"`, comma);
  }

  #string(): string {
    const start = this.#at;
    if (this.#take(STRING)) return this.#text.slice(start, this.#at);
    throw new Fault('a text is not closed, or holds a line break or an escape that JSON does not have', start);
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #here(): string {
    const rest = this.#text.slice(this.#at, this.#at + 12);
    if (rest === '') return 'the end of the text';
    if (/^(?:\/\/|\/\*|#)/.test(rest)) return 'a comment, which JSON does not have';
    return JSON.stringify(rest.split(/\s/)[0] || rest[0]);
  }
}
