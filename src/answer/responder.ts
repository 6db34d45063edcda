// HOT PATH: no allocation, no await, no throw
// The one door: a query's octets in, a reply's octets out. Everything a reply owes to the asking client alone (id, RD and
// CD, the question's spelling, the order of records, OPT) is put in here; the rest is composed once and cached.
import { Count, counterPage } from '../base/counters.ts';
import { Class, Ede, Opcode, Rcode, Type } from '../wire/codes.ts';
import { HEADER, MIN_UDP_SIZE, Option, Query, Verdict } from '../wire/query.ts';
import { ANY_VIEW } from '../wire/views.ts';
import type { ImageReader } from '../zone/image-reader.ts';
import { AnswerCache, AUTHORITATIVE, COMPLETE, EntryWord } from './cache.ts';
import { Composer } from './compose.ts';

/** How a query came in. */
export const Transport = { UDP: 0, TCP: 1 } as const;

/** In which order the records of a set are given. */
export const Order = {
  /** Each answer begins with the next record. */
  ROTATE: 0,
  /** Each answer begins with a record drawn by lot. */
  RANDOM: 1,
  /** As they lie in the zone: sorted. */
  FIXED: 2,
} as const;

/** Added to the number of a view: this client gets the records of a set in the same order each time. */
export const STABLE_ORDER = 1 << 16;

/** What all replies have in common. */
export interface ResponderSettings {
  /** Octets of a UDP reply, at most; 512 to 4096. */
  readonly maxUdpSize: number;
  readonly order: number;
  /** Octets of memory for composed answers. */
  readonly cacheSize: number;
  /** Octets of the NSID that is given when asked (RFC 5001); empty: none. */
  readonly nsid: Uint8Array;
  /** Seconds for which an idle TCP connection is kept, told to clients that ask (RFC 7828). */
  readonly keepaliveSeconds: number;
  /** Names in class CH, folded text with final dot, and the strings they answer; those not listed are refused. */
  readonly chaos: ReadonlyMap<string, string>;
}

const OPT_OCTETS = 11;
const TCP_LIMIT = 65_535;

/** Size classes: answers of one class were composed for the same limit. */
const SizeClass = { SMALL: 0, FULL: 1, TCP: 2, OTHER: 3 } as const;

export class Responder {
  readonly #image: ImageReader;
  readonly #settings: ResponderSettings;
  readonly #udpCounters: Float64Array;
  readonly #tcpCounters: Float64Array;
  /** Those of the transport of the query in hand. */
  #counters: Float64Array;
  readonly #query = new Query();
  readonly #composer: Composer;
  readonly #cache: AnswerCache;
  #turn = 0;
  /** The buffer that the last reply went into, and its words. */
  #target: Uint8Array = new Uint8Array(0);
  #targetWords: Uint32Array = new Uint32Array(0);
  /** State of the generator that draws record orders (xorshift32); not for anything that must be secret. */
  #random = 0x2545f491;
  #ede = -1;
  #isFixed = false;

  /** @param counters the slice of the thread */
  constructor(image: ImageReader, settings: ResponderSettings, counters: Float64Array) {
    this.#image = image;
    this.#settings = settings;
    this.#udpCounters = counterPage(counters, Transport.UDP);
    this.#tcpCounters = counterPage(counters, Transport.TCP);
    this.#counters = this.#udpCounters;
    this.#composer = new Composer(image);
    this.#cache = new AnswerCache(image, settings.cacheSize);
  }

  /** Forgets all composed answers: their offsets mean nothing once the image has moved into new buffers. */
  forget(): void {
    this.#cache.clear();
  }

  /**
   * Answers one message.
   * @param source holds the query at `at`, `length` octets
   * @param target takes the reply at `to`; it has room for `maxUdpSize` octets over UDP, 65,535 over TCP, and three more.
   *   Best the same buffer each time, and `to` a multiple of four
   * @param client the view that the client is in, plus `STABLE_ORDER` if it wants sets as they lie
   * @returns octets of the reply; 0 when there is to be none
   */
  respond(
    source: Uint8Array,
    at: number,
    length: number,
    target: Uint8Array,
    to: number,
    transport: number,
    client: number,
  ): number {
    const counters = transport === Transport.TCP ? this.#tcpCounters : this.#udpCounters;
    this.#counters = counters;
    counters[Count.QUERIES]++;
    const query = this.#query;
    this.#ede = -1;
    this.#isFixed = this.#settings.order === Order.FIXED || (client & STABLE_ORDER) !== 0;
    const verdict = query.read(source, at, length);
    if (verdict === Verdict.SILENCE) {
      counters[Count.SILENCE]++;
      return 0;
    }
    if (verdict === Verdict.FAIL) return this.#fail(query.rcode, source, at, target, to, transport);
    if (query.class !== Class.IN) return this.#otherClass(source, at, target, to, transport);
    if (query.type === Type.OPT) return this.#fail(Rcode.FORMERR, source, at, target, to, transport);
    if (query.type === Type.AXFR || query.type === Type.IXFR) {
      this.#ede = Ede.PROHIBITED;
      return this.#fail(Rcode.REFUSED, source, at, target, to, transport);
    }
    return this.#answer(source, at, target, to, transport, client & 0xffff);
  }

  #answer(source: Uint8Array, at: number, target: Uint8Array, to: number, transport: number, view: number): number {
    const query = this.#query;
    const cap = this.#settings.maxUdpSize;
    const size = transport === Transport.TCP ? TCP_LIMIT : Math.min(query.edns ? query.udpSize : MIN_UDP_SIZE, cap);
    const limit = size - this.#optLength(transport);
    const exact = transport === Transport.TCP ? SizeClass.TCP : size === cap ? SizeClass.FULL : SizeClass.OTHER;
    const sizeClass = !query.edns && exact === SizeClass.OTHER ? SizeClass.SMALL : exact;
    const keptClass = sizeClass === SizeClass.OTHER ? SizeClass.FULL : sizeClass;
    const sequence = this.#image.sequence();
    // Most answers are the same for everybody and kept once; the others by view.
    let key = this.#cache.key(query, ANY_VIEW, keptClass);
    let entry = this.#cache.find(key, query, ANY_VIEW, keptClass, sequence);
    if (entry < 0 && this.#cache.hasViews) {
      key = this.#cache.key(query, view, keptClass);
      entry = this.#cache.find(key, query, view, keptClass, sequence);
    }
    if (entry >= 0 && this.#fits(entry, limit, sizeClass)) {
      this.#counters[Count.CACHE_HITS]++;
      return this.#fromCache(entry, source, at, target, to, transport);
    }
    this.#counters[Count.CACHE_MISSES]++;
    return this.#compose(source, at, target, to, transport, view, limit, sizeClass, sequence);
  }

  /** Whether a kept answer may be given under this limit; one from which optional data was left out only in its own class. */
  #fits(entry: number, limit: number, sizeClass: number): boolean {
    const words = this.#cache.words;
    if ((words[entry >>> 2] & 0xffff) > limit) return false;
    return sizeClass !== SizeClass.OTHER || (words[(entry >>> 2) + EntryWord.KIND] & COMPLETE) !== 0;
  }

  #compose(
    source: Uint8Array,
    at: number,
    target: Uint8Array,
    to: number,
    transport: number,
    view: number,
    limit: number,
    sizeClass: number,
    before: number,
  ): number {
    const composer = this.#composer;
    const { sections } = composer;
    const query = this.#query;
    const isTcp = transport === Transport.TCP;
    let sequence = before;
    for (let tries = 0; ; tries++) {
      composer.compose(query, limit, isTcp, view, 0);
      // The start of a set that is cut is turned too, or the records at its end would never be given.
      if ((sections.isTruncated || sections.isTooLongToTurn) && !this.#isFixed)
        composer.compose(query, limit, isTcp, view, this.#nextTurn() & 0xffff);
      const after = this.#image.sequence();
      if (after === sequence || tries === 2) break;
      sequence = after;
    }
    const isSteady = (sequence & 1) === 0 && this.#image.sequence() === sequence;
    if (sections.isTruncated) {
      this.#counters[Count.TRUNCATED]++;
      if (isTcp) this.#counters[Count.OVERSIZED]++;
    } else if (composer.isCacheable && isSteady && (sizeClass !== SizeClass.OTHER || sections.isComplete)) {
      const keptClass = sizeClass === SizeClass.OTHER ? SizeClass.FULL : sizeClass;
      const keptView = composer.usesViews ? view : ANY_VIEW;
      const key = this.#cache.key(query, keptView, keptClass);
      this.#cache.keep(key, query, keptView, keptClass, sequence, composer);
    }
    const { message } = composer;
    const { octets } = message;
    for (let i = HEADER; i < message.length; i++) target[to + i] = octets[i];
    if (sections.turnCount > 1 && !sections.isTruncated)
      this.#turnRecords(
        target,
        to,
        sections.turnStart,
        sections.turnEnd,
        sections.turnCount,
        sections.recordAt,
        0,
        octets,
        0,
      );
    if (sections.turnCount > 1 && !sections.isTruncated && message.pointers > 0)
      this.#turnPointers(target, to, sections.turnStart, sections.turnEnd, message.pointerAt, 0, message.pointers);
    this.#ede = composer.ede;
    return this.#finish(
      source,
      at,
      target,
      to,
      message.length,
      composer.rcode,
      composer.isAuthoritative,
      sections.isTruncated,
      message.answers,
      message.authorities,
      message.additionals,
      transport,
    );
  }

  #fromCache(entry: number, source: Uint8Array, at: number, target: Uint8Array, to: number, transport: number): number {
    const { octets, words, shorts } = this.#cache;
    const word = entry >>> 2;
    const length = words[word] & 0xffff;
    const start = entry + EntryWord.WORDS * 4;
    const kind = words[word + EntryWord.KIND];
    const counts = words[word + EntryWord.COUNTS];
    const turn = words[word + EntryWord.TURN];
    this.#copy(target, to, start, length);
    const turnCount = turn & 0xffff;
    if (turnCount > 1) {
      const range = words[word + EntryWord.TURN_RANGE];
      const list = this.#cache.lists(entry);
      const pointers = words[word + EntryWord.DEPENDENCIES] & 0xffff;
      this.#turnRecords(target, to, range >>> 16, range & 0xffff, turnCount, shorts, list, octets, start);
      if (pointers > 0)
        this.#turnPointers(target, to, range >>> 16, range & 0xffff, shorts, list + turnCount, pointers);
    }
    return this.#finish(
      source,
      at,
      target,
      to,
      length,
      kind & 15,
      (kind & AUTHORITATIVE) !== 0,
      false,
      counts >>> 16,
      counts & 0xffff,
      turn >>> 16,
      transport,
    );
  }

  /** Copies a kept message, four octets at a time where the target allows it. */
  #copy(target: Uint8Array, to: number, start: number, length: number): void {
    const cache = this.#cache;
    if (((target.byteOffset | to) & 3) !== 0) {
      const { octets } = cache;
      for (let i = HEADER; i < length; i++) target[to + i] = octets[start + i];
      return;
    }
    // A listener has one buffer for its replies, so this happens once.
    if (target !== this.#target) {
      this.#target = target;
      this.#targetWords = new Uint32Array(target.buffer, target.byteOffset, target.byteLength >>> 2);
    }
    const from = start >>> 2;
    const at = to >>> 2;
    const { words } = cache;
    const targetWords = this.#targetWords;
    // The last word may hold up to three octets more than the message: there is room, and they are not sent.
    const count = (length + 3) >>> 2;
    for (let i = HEADER >>> 2; i < count; i++) targetWords[at + i] = words[from + i];
  }

  /** How far the last set was turned, in octets. */
  #shift = 0;

  /** Copies the records of a set so that another one comes first: those from it on, then those before it. */
  #turnRecords(
    target: Uint8Array,
    to: number,
    start: number,
    end: number,
    count: number,
    recordAt: Uint16Array,
    list: number,
    octets: Uint8Array,
    from: number,
  ): void {
    const first = recordAt[list + (this.#isFixed ? 0 : this.#nextTurn() % count)];
    this.#shift = first - start;
    if (this.#shift === 0) return;
    let at = to + start;
    for (let i = first; i < end; i++) target[at++] = octets[from + i];
    for (let i = start; i < first; i++) target[at++] = octets[from + i];
  }

  /** Lets the owners in the additional section point at where their names went. */
  #turnPointers(
    target: Uint8Array,
    to: number,
    start: number,
    end: number,
    pointerAt: Uint16Array,
    list: number,
    count: number,
  ): void {
    const shift = this.#shift;
    if (shift === 0) return;
    for (let i = 0; i < count; i++) {
      const at = to + pointerAt[list + i];
      const value = ((target[at] & 0x3f) << 8) | target[at + 1];
      if (value < start || value >= end) continue;
      const moved = value >= start + shift ? value - shift : value + (end - start) - shift;
      target[at] = 0xc0 | (moved >> 8);
      target[at + 1] = moved & 255;
    }
  }

  #nextTurn(): number {
    if (this.#settings.order === Order.ROTATE) {
      this.#turn = (this.#turn + 1) & 0x3fffffff;
      return this.#turn;
    }
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return x >>> 2;
  }

  /** Octets of the OPT record that the reply is going to have; 0 without one. */
  #optLength(transport: number): number {
    const query = this.#query;
    if (!query.edns) return 0;
    let length = OPT_OCTETS;
    if (query.wantsNsid && this.#settings.nsid.length > 0) length += 4 + this.#settings.nsid.length;
    if (query.wantsKeepalive && transport === Transport.TCP) length += 6;
    return length;
  }

  /** A reply of header, question (if it could be read) and OPT. */
  #fail(rcode: number, source: Uint8Array, at: number, target: Uint8Array, to: number, transport: number): number {
    const length = HEADER + this.#query.questionLength;
    return this.#finish(source, at, target, to, length, rcode, false, false, 0, 0, 0, transport);
  }

  /** Class CH: who we are, if that is to be told (RFC 4892); every other class is refused. */
  #otherClass(source: Uint8Array, at: number, target: Uint8Array, to: number, transport: number): number {
    const query = this.#query;
    if (query.class === Class.CH && (query.type === Type.TXT || query.type === Type.ANY)) {
      for (const [name, text] of this.#settings.chaos) {
        if (!isNamed(query.name.octets, query.name.length, name)) continue;
        let end = to + HEADER + query.questionLength;
        const head = [0xc0, 0x0c, 0, Type.TXT, 0, Class.CH, 0, 0, 0, 0, 0, text.length + 1, text.length];
        for (const octet of head) target[end++] = octet;
        for (let i = 0; i < text.length; i++) target[end++] = text.charCodeAt(i);
        return this.#finish(source, at, target, to, end - to, Rcode.NOERROR, true, false, 1, 0, 0, transport);
      }
    }
    return this.#fail(Rcode.REFUSED, source, at, target, to, transport);
  }

  /** Header, the question as it was spelled, and OPT. @returns octets of the whole reply */
  #finish(
    source: Uint8Array,
    at: number,
    target: Uint8Array,
    to: number,
    bodyLength: number,
    rcode: number,
    isAuthoritative: boolean,
    isTruncated: boolean,
    answers: number,
    authorities: number,
    additionals: number,
    transport: number,
  ): number {
    const query = this.#query;
    const { questionLength } = query;
    for (let i = HEADER; i < HEADER + questionLength; i++) target[to + i] = source[at + i];
    target[to] = query.id >> 8;
    target[to + 1] = query.id & 255;
    const recursionDesired = query.opcode === Opcode.QUERY ? source[at + 2] & 1 : 0;
    target[to + 2] = 0x80 | (query.opcode << 3) | (isAuthoritative ? 4 : 0) | (isTruncated ? 2 : 0) | recursionDesired;
    target[to + 3] = (source[at + 3] & 0x10) | (rcode & 15);
    target[to + 4] = 0;
    target[to + 5] = questionLength > 0 ? 1 : 0;
    target[to + 6] = answers >> 8;
    target[to + 7] = answers & 255;
    target[to + 8] = authorities >> 8;
    target[to + 9] = authorities & 255;
    this.#counters[Count.RCODE + (rcode < 15 ? rcode : 15)]++;
    let end = to + bodyLength;
    let records = additionals;
    if (query.edns) {
      end = this.#putOpt(target, end, rcode, transport);
      records++;
    }
    target[to + 10] = records >> 8;
    target[to + 11] = records & 255;
    return end - to;
  }

  /** RFC 6891 6.1.2. @returns the offset behind the record */
  #putOpt(target: Uint8Array, start: number, rcode: number, transport: number): number {
    const { nsid, maxUdpSize, keepaliveSeconds } = this.#settings;
    const query = this.#query;
    let at = start;
    target[at++] = 0;
    target[at++] = 0;
    target[at++] = Type.OPT;
    target[at++] = maxUdpSize >> 8;
    target[at++] = maxUdpSize & 255;
    target[at++] = rcode >> 4;
    target[at++] = 0;
    target[at++] = query.dnssecOk ? 0x80 : 0;
    target[at++] = 0;
    const lengthAt = at;
    at += 2;
    if (query.wantsNsid && nsid.length > 0) {
      at = putOption(target, at, Option.NSID, nsid.length);
      for (let i = 0; i < nsid.length; i++) target[at++] = nsid[i];
    }
    if (query.wantsKeepalive && transport === Transport.TCP) {
      at = putOption(target, at, Option.KEEPALIVE, 2);
      target[at++] = (keepaliveSeconds * 10) >> 8;
      target[at++] = (keepaliveSeconds * 10) & 255;
    }
    if (this.#ede >= 0) {
      at = putOption(target, at, Option.EDE, 2);
      target[at++] = 0;
      target[at++] = this.#ede;
    }
    const length = at - lengthAt - 2;
    target[lengthAt] = length >> 8;
    target[lengthAt + 1] = length & 255;
    return at;
  }
}

function putOption(target: Uint8Array, at: number, code: number, length: number): number {
  target[at] = code >> 8;
  target[at + 1] = code & 255;
  target[at + 2] = length >> 8;
  target[at + 3] = length & 255;
  return at + 4;
}

/** Whether folded octets are the name that a text of plain labels, with final dot, stands for. */
function isNamed(octets: Uint8Array, length: number, text: string): boolean {
  if (length !== text.length + 1) return false;
  let label = 0;
  for (let i = 0; i < text.length; i++) {
    if (label === 0) label = octets[i] + 1;
    else if (octets[i] !== text.charCodeAt(i - 1)) return false;
    if (--label === 0 && text.charCodeAt(i) !== 0x2e) return false;
  }
  return true;
}
