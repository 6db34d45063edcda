// Master files (RFC 1035 5, RFC 2308 4, RFC 3597 5): text -> the records of one zone, and every problem with its place.
// What is read as BIND reads it where the RFCs are silent: time units, $GENERATE, white space without meaning.
import { basename } from 'node:path';
import { nameOfToken, secondsFromText } from '../wire/fields.ts';
import type { Name, Octets } from '../wire/name.ts';
import { NameError, parseName, ROOT } from '../wire/name.ts';
import type { Entry, Token } from '../wire/tokens.ts';
import { decodeToken, errorAt, PresentationError, Tokenizer, unexpected } from '../wire/tokens.ts';
import { isDataType, rdataFromText, typeByMnemonic } from '../wire/types.ts';
import type { ParsedFile, ParsedRecord, ZoneData } from './assemble.ts';
import { assembleZone } from './assemble.ts';
import { generateCount, generateRange, MAX_GENERATED, substitute } from './generate.ts';
import type { ZoneProblem } from './problems.ts';
import { Problems } from './problems.ts';

export type { ZoneData } from './assemble.ts';
export type { ZoneProblem } from './problems.ts';
export { problemText } from './problems.ts';

export interface IncludedFile {
  /** As it shall be named in problems. */
  readonly file: string;
  readonly text: Octets;
}

export interface MasterFileOptions {
  /** As it shall be named in problems; its base name without `.zone` is the origin when nothing else says one. */
  readonly file: string;
  /** The apex. Without it: the first $ORIGIN, when that is absolute and stands before any record, or the name of the file; of
   * these two the one that owns the SOA. */
  readonly origin?: Name;
  /** Reads what $INCLUDE names in the file `from`. Throws an Error whose message is the reason why it does not. */
  readonly include?: (path: string, from: string) => IncludedFile;
  /** Whether a file without an SOA is a zone too: its records are added to a zone that has one elsewhere. */
  readonly allowNoSoa?: boolean;
}

/** Files inside files; nobody nests deeper on purpose. */
const MAX_INCLUDE_DEPTH = 16;

/** Files that one zone may include in all: each may include several, so that the depth alone bounds nothing. */
const MAX_INCLUDES = 10_000;

/** RFC 2181 8: a TTL has 31 bits. */
const MAX_TTL = 2 ** 31 - 1;

/** Numbers of four octets: beyond it a TTL is no TTL at all. */
const MAX_U32 = 2 ** 32 - 1;

/** 1 for IN; the other classes have a name but are not served. */
const CLASSES: Readonly<Record<string, number>> = { IN: 1, CS: 2, CH: 3, HS: 4 };

/**
 * Reads a master file. Goes on behind an error, so that all of them are told at once.
 * @param text octets of the file (read as latin1)
 * @returns `zone` undefined when there is an error
 */
export function parseMasterFile(
  text: Octets,
  options: MasterFileOptions,
): { zone: ZoneData | undefined; problems: readonly ZoneProblem[] } {
  const problems = new Problems();
  const reader = new MasterFileReader(options, problems);
  reader.read(text, options.file);
  const zone = assembleZone(reader.result(), problems);
  return { zone: problems.hasErrors ? undefined : zone, problems: problems.list() };
}

class MasterFileReader {
  readonly #options: MasterFileOptions;
  readonly #problems: Problems;
  readonly #records: ParsedRecord[] = [];
  /** Files being read, outermost first: finds loops. */
  readonly #open: string[] = [];
  readonly #fileOrigin: Name | undefined;
  #firstOrigin: Name | undefined;
  #file: string;
  #origin: Name | undefined;
  /** Undefined before the first record of a file, null while the last owner is one that could not be read. */
  #owner: Name | undefined | null;
  /** The owner's token as last read: runs of one owner are parsed once. */
  #ownerText: string | undefined;
  #defaultTtl: number | undefined;
  #lastTtl: number | undefined;
  #soaMinimum: number | undefined;
  #incomplete = false;
  #includes = 0;

  constructor(options: MasterFileOptions, problems: Problems) {
    this.#options = options;
    this.#problems = problems;
    this.#file = options.file;
    this.#fileOrigin = options.origin ?? originOfFile(options.file);
    this.#origin = this.#fileOrigin;
  }

  result(): ParsedFile {
    const { file, origin, allowNoSoa = false } = this.#options;
    const origins =
      origin !== undefined ? [origin] : [this.#firstOrigin, this.#fileOrigin].filter((name) => name !== undefined);
    return {
      file,
      origins,
      // TTL of records before the SOA: nothing was stated yet, its MINIMUM counts (RFC 1035 3.3.13).
      records: this.#records.map((record) =>
        record.ttl === undefined ? { ...record, ttl: this.#soaMinimum } : record,
      ),
      allowNoSoa,
      incomplete: this.#incomplete,
    };
  }

  read(text: Octets, file: string): void {
    this.#open.push(file);
    this.#file = file;
    const tokenizer = new Tokenizer(text);
    for (;;) {
      try {
        const entry = tokenizer.next();
        if (!entry) break;
        this.#readEntry(entry);
      } catch (error) {
        if (!(error instanceof PresentationError)) throw error;
        this.#incomplete = true;
        this.#problems.error({ file: this.#file, line: error.line, column: error.column }, error.message);
      }
    }
    this.#open.pop();
  }

  #readEntry(entry: Entry): void {
    const first = entry.tokens[0]!;
    if (first.text.charCodeAt(0) === 0x24 && !first.quoted && !entry.indented) this.#readDirective(entry.tokens);
    else this.#readRecord(entry);
  }

  #readDirective(tokens: readonly Token[]): void {
    const [directive, argument, second] = tokens as [Token, Token | undefined, Token | undefined];
    const name = directive.text.toUpperCase();
    const most = { $ORIGIN: 2, $TTL: 2, $INCLUDE: 3 }[name];
    if (name === '$GENERATE') {
      this.#generate(tokens);
      return;
    }
    if (most === undefined) throw unexpected(directive, 'directive', '$ORIGIN, $TTL, $INCLUDE or $GENERATE');
    if (!argument) throw unexpected(directive, directive.text, 'a value behind it');
    if (tokens.length > most) throw unexpected(tokens[most]!, directive.text, 'the end of the line');
    if (name === '$ORIGIN') this.#setOrigin(argument);
    else if (name === '$TTL') this.#defaultTtl = this.#ttlOf(argument, '$TTL');
    else this.#include(argument, second);
  }

  #setOrigin(token: Token): void {
    this.#origin = this.#name(token, '$ORIGIN');
    this.#ownerText = undefined;
    if (this.#records.length === 0 && isAbsolute(token.text)) this.#firstOrigin ??= this.#origin;
  }

  /** A relative name before any origin is known is an error that names the cure. */
  #name(token: Token, place: string): Name {
    if (this.#origin === undefined && !isAbsolute(token.text))
      throw unexpected(token, place, 'an absolute name, for want of an origin (begin the file with $ORIGIN)');
    return nameOfToken(token, this.#origin ?? ROOT, place);
  }

  #ttlOf(token: Token, place: string): number {
    const seconds = secondsFromText(token.text);
    if (seconds === undefined || seconds > MAX_U32)
      throw unexpected(token, place, 'seconds from 0 to 2147483647, or a period such as 1h30m');
    if (seconds <= MAX_TTL) return seconds;
    this.#problems.warning(
      { file: this.#file, ...placeOf(token) },
      `${place}: ${seconds} is over 2147483647 and counts as 0 (RFC 2181 8)`,
    );
    return 0;
  }

  #include(path: Token, origin: Token | undefined): void {
    const { include } = this.#options;
    if (!include) throw errorAt(path, '$INCLUDE: cannot include files here');
    if (this.#open.length > MAX_INCLUDE_DEPTH)
      throw errorAt(path, `$INCLUDE: files are nested over ${MAX_INCLUDE_DEPTH} deep`);
    if (++this.#includes > MAX_INCLUDES) throw errorAt(path, `$INCLUDE: over ${MAX_INCLUDES} files are included`);
    const saved = { file: this.#file, origin: this.#origin, owner: this.#owner };
    const inner = origin ? this.#name(origin, '$INCLUDE origin') : this.#origin;
    let included: IncludedFile;
    try {
      included = include(decodeToken(path), this.#file);
    } catch (error) {
      if (error instanceof PresentationError || !(error instanceof Error)) throw error;
      throw errorAt(path, `$INCLUDE: ${error.message}`);
    }
    if (this.#open.includes(included.file))
      throw errorAt(path, `$INCLUDE: ${included.file} includes itself (${this.#open.join(' > ')})`);
    this.#origin = inner;
    this.#owner = this.#ownerText = undefined;
    this.read(included.text, included.file);
    // Whatever the inner file says of origin and owner ends with it (RFC 1035 5.1).
    this.#file = saved.file;
    this.#origin = saved.origin;
    this.#owner = saved.owner;
    this.#ownerText = undefined;
  }

  #readRecord(entry: Entry): void {
    const { tokens, indented } = entry;
    const first = tokens[0]!;
    if (!indented) {
      if (first.text !== this.#ownerText || first.quoted) {
        // Until the name is known good, records without an owner below it are not blamed on the owner before it.
        this.#owner = null;
        this.#owner = this.#name(first, 'owner');
        this.#ownerText = first.text;
      }
    }
    if (this.#owner === null) return;
    if (this.#owner === undefined)
      throw errorAt(first, 'owner: expected a name, because no record stands before this one');
    const head = this.#readHead(tokens, indented ? 0 : 1);
    this.#add(
      first,
      this.#owner,
      head.type,
      head.ttl,
      rdataFromText(head.type, tokens, this.#origin ?? ROOT, head.next),
    );
  }

  /** `[TTL] [class] type`, the first two in either order (RFC 1035 5.1). */
  #readHead(tokens: readonly Token[], start: number): { type: number; ttl: number | undefined; next: number } {
    let ttl: number | undefined;
    let hasClass = false;
    for (let next = start; ; next++) {
      const token = tokens[next];
      if (!token)
        throw errorAt(tokens[next - 1]!, 'record: expected a type such as A behind it, got the end of the record');
      const code = token.text.charCodeAt(0);
      if (ttl === undefined && code >= 0x30 && code <= 0x39) {
        ttl = this.#ttlOf(token, 'TTL');
        continue;
      }
      const type = typeByMnemonic(token.text);
      if (type !== undefined) {
        if (!isDataType(type)) throw unexpected(token, 'type', 'a type of data, not one of questions');
        return { type, ttl, next: next + 1 };
      }
      const recordClass = classOf(token.text);
      if (recordClass === undefined || hasClass)
        throw unexpected(token, 'type', 'a record type such as A, or TYPE65280 for one that has no name');
      if (recordClass !== 1) throw unexpected(token, 'class', 'IN, the only class that is served');
      hasClass = true;
    }
  }

  #add(place: Token, owner: Name, type: number, stated: number | undefined, rdata: Octets): void {
    if (stated !== undefined) this.#lastTtl = stated;
    if (type === SOA) this.#soaMinimum ??= minimumOf(rdata);
    const ttl = stated ?? this.#defaultTtl ?? this.#lastTtl ?? this.#soaMinimum;
    this.#records.push({ owner, type, ttl, rdata, file: this.#file, line: place.line, column: place.column });
  }

  #generate(tokens: readonly Token[]): void {
    const [directive, rangeToken, ownerToken] = tokens as [Token, Token | undefined, Token | undefined];
    if (!rangeToken || !ownerToken)
      throw unexpected(directive, '$GENERATE', 'a range, an owner, a type and rdata behind it');
    const range = generateRange(rangeToken.text);
    if (!range) throw unexpected(rangeToken, '$GENERATE', 'a range such as 1-10 or 0-255/2');
    if (generateCount(range) > MAX_GENERATED)
      throw unexpected(rangeToken, '$GENERATE', `a range of at most ${MAX_GENERATED} numbers`);
    const { type, ttl, next } = this.#readHead(tokens, 3);
    const right = tokens[next];
    if (!right) throw errorAt(tokens[next - 1]!, '$GENERATE: expected rdata behind it, got the end of the line');
    for (let value = range.start; value <= range.stop; value += range.step) {
      const owner = generated(ownerToken, value, () =>
        this.#name({ ...ownerToken, text: substitute(ownerToken.text, value) }, 'owner'),
      );
      const rdata = generated(right, value, () =>
        rdataFromText(type, generatedRdata(tokens, next, value), this.#origin ?? ROOT),
      );
      this.#add(ownerToken, owner, type, ttl, rdata);
    }
  }
}

/** Makes one part of a generated record; a fault is told at the token of the directive, with the number. */
function generated<T>(token: Token, value: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PresentationError || error instanceof RangeError)) throw error;
    throw errorAt(token, `$GENERATE at ${value}: ${error.message}`);
  }
}

/** The rdata for one number. In quotes stands the text of the whole rdata, as BIND has it; several tokens are taken each. */
function generatedRdata(tokens: readonly Token[], start: number, value: number): readonly Token[] {
  const rest = tokens.slice(start);
  const only = rest.length === 1 ? rest[0]! : undefined;
  if (!only?.quoted) return rest.map((token) => ({ ...token, text: substitute(token.text, value) }));
  const text = substitute(only.text.replaceAll('\\"', '"'), value);
  return new Tokenizer(text).next()?.tokens ?? [];
}

const SOA = 6;

/** The last field of an SOA (RFC 1035 3.3.13), at most what a TTL can be. */
function minimumOf(soa: Octets): number {
  let minimum = 0;
  for (const char of soa.slice(-4)) minimum = minimum * 256 + char.charCodeAt(0);
  return Math.min(minimum, MAX_TTL);
}

/** The number of a class, also of `CLASS1` (RFC 3597 5). */
function classOf(text: string): number | undefined {
  const upper = text.toUpperCase();
  const code = /^CLASS(0|[1-9]\d{0,4})$/.exec(upper)?.[1];
  return code !== undefined ? Number(code) : CLASSES[upper];
}

/** Whether a name in text ends in a dot that is not escaped. */
function isAbsolute(text: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*\.$/.test(text);
}

function placeOf(token: Token): { line: number; column: number } {
  return { line: token.line, column: token.column };
}

/** `example.org.zone` is the file of `example.org.`; undefined when the file's name is no domain name. */
function originOfFile(file: string): Name | undefined {
  const name = basename(file).replace(/\.zone$/, '');
  try {
    return name === '' ? undefined : parseName(name);
  } catch (error) {
    if (error instanceof NameError) return undefined;
    throw error;
  }
}
