// HOT PATH: no allocation, no await, no throw
// Reads a query's octets (RFC 1035 4, RFC 6891, RFC 9619) into fields that are reused from query to query.
import { Class, Opcode, Rcode, Type } from './codes.ts';
import { MAX_LABEL, MAX_NAME } from './name.ts';
import { NameView } from './name-view.ts';

/** Octets of a message header (RFC 1035 4.1.1). */
export const HEADER = 12;

/** EDNS option codes that are read (IANA "DNS EDNS0 Option Codes"). */
export const Option = { NSID: 3, COOKIE: 10, KEEPALIVE: 11, EDE: 15 } as const;

/** Least payload size a client can mean; smaller ones count as this (RFC 6891 6.2.3). */
export const MIN_UDP_SIZE = 512;

/** What is to be done with a message. */
export const Verdict = {
  /** No reply: too short, or itself a reply. Never an answer to an answer. */
  SILENCE: 0,
  /** A well-formed query of opcode QUERY with one question. */
  ANSWER: 1,
  /** A reply of header (and OPT) only, with `Query.rcode`. */
  FAIL: 2,
} as const;

/** One query, read. */
export class Query {
  id = 0;
  /** Octets 2 and 3 of the header. */
  flags = 0;
  opcode = 0;
  readonly name = new NameView();
  type = 0;
  class = 0;
  /** Octets of the question section, from offset 12 of the message; 0 when there is none that can be echoed. */
  questionLength = 0;
  /** Whether an OPT record was there. */
  edns = false;
  /** Payload size the client can take, at least 512. */
  udpSize = MIN_UDP_SIZE;
  ednsVersion = 0;
  dnssecOk = false;
  wantsNsid = false;
  wantsKeepalive = false;
  /** Response code when the verdict is FAIL. */
  rcode: number = Rcode.NOERROR;

  /** Reads `length` octets at `start`. Fields hold until the next call. */
  read(source: Uint8Array, start: number, length: number): number {
    if (length < HEADER || (source[start + 2] & 0x80) !== 0) return Verdict.SILENCE;
    const end = start + length;
    this.id = (source[start] << 8) | source[start + 1];
    this.flags = (source[start + 2] << 8) | source[start + 3];
    this.opcode = (source[start + 2] >> 3) & 15;
    this.questionLength = 0;
    this.edns = false;
    this.udpSize = MIN_UDP_SIZE;
    this.ednsVersion = 0;
    this.dnssecOk = false;
    this.wantsNsid = false;
    this.wantsKeepalive = false;
    this.rcode = Rcode.NOERROR;
    const questions = (source[start + 4] << 8) | source[start + 5];
    const others = ((source[start + 6] << 8) | source[start + 7]) + ((source[start + 8] << 8) | source[start + 9]);
    const additional = (source[start + 10] << 8) | source[start + 11];
    let at = start + HEADER;
    if (questions === 1) {
      at = this.name.read(source, at, end);
      if (at < 0 || at + 4 > end) return this.#fail(Rcode.FORMERR);
      this.type = (source[at] << 8) | source[at + 1];
      this.class = (source[at + 2] << 8) | source[at + 3];
      at += 4;
      this.questionLength = at - start - HEADER;
    } else {
      for (let i = 0; i < questions; i++) {
        at = this.name.read(source, at, end);
        if (at < 0 || at + 4 > end) return this.#fail(Rcode.FORMERR);
        at += 4;
      }
    }
    for (let i = 0; i < others + additional; i++) {
      at = this.#record(source, start, at, end, i >= others);
      if (at < 0) return this.#fail(Rcode.FORMERR);
    }
    if (this.opcode !== Opcode.QUERY) {
      // We are secondary for no zone, so a NOTIFY comes from no primary of ours (RFC 1996 3.10).
      this.rcode = this.opcode === Opcode.NOTIFY ? Rcode.NOTAUTH : Rcode.NOTIMP;
      return Verdict.FAIL;
    }
    if (questions !== 1 || at !== end) return this.#fail(Rcode.FORMERR);
    if (this.ednsVersion !== 0) {
      this.rcode = Rcode.BADVERS;
      return Verdict.FAIL;
    }
    return Verdict.ANSWER;
  }

  /** An unreadable message of another opcode is not ours to judge: NOTIMP (RFC 8906 3.1.4). */
  #fail(rcode: number): number {
    this.rcode = this.opcode === Opcode.QUERY ? rcode : Rcode.NOTIMP;
    return Verdict.FAIL;
  }

  /** Steps over one record, reading OPT. @returns the offset behind it, -1 when it is malformed. */
  #record(source: Uint8Array, start: number, at: number, end: number, additional: boolean): number {
    const owner = at;
    at = skipName(source, start, at, end);
    if (at < 0 || at + 10 > end) return -1;
    const type = (source[at] << 8) | source[at + 1];
    const length = (source[at + 8] << 8) | source[at + 9];
    if (at + 10 + length > end) return -1;
    if (type === Type.OPT) {
      // RFC 6891 6.1.1: one only, in the additional section, owned by the root.
      if (this.edns || !additional || source[owner] !== 0) return -1;
      this.edns = true;
      const size = (source[at + 2] << 8) | source[at + 3];
      this.udpSize = size < MIN_UDP_SIZE ? MIN_UDP_SIZE : size;
      this.ednsVersion = source[at + 5];
      this.dnssecOk = (source[at + 6] & 0x80) !== 0;
      if (!this.#options(source, at + 10, at + 10 + length)) return -1;
    }
    return at + 10 + length;
  }

  #options(source: Uint8Array, at: number, end: number): boolean {
    while (at < end) {
      if (at + 4 > end) return false;
      const code = (source[at] << 8) | source[at + 1];
      const length = (source[at + 2] << 8) | source[at + 3];
      at += 4 + length;
      if (at > end) return false;
      if (code === Option.NSID) this.wantsNsid = true;
      else if (code === Option.KEEPALIVE) this.wantsKeepalive = true;
    }
    return true;
  }
}

/** Steps over a name that may end in a pointer. @returns the offset behind it, -1 when it is malformed. */
function skipName(source: Uint8Array, start: number, at: number, end: number): number {
  const first = at;
  let used = 1;
  for (;;) {
    if (at >= end) return -1;
    const length = source[at];
    if (length === 0) return at + 1;
    if ((length & 0xc0) === 0xc0) {
      // Only backwards (RFC 1035 4.1.4 "a prior occurrence"), so following pointers could never loop.
      if (at + 2 > end || (((length & 0x3f) << 8) | source[at + 1]) >= first - start) return -1;
      return at + 2;
    }
    if (length > MAX_LABEL) return -1;
    used += length + 1;
    if (used > MAX_NAME) return -1;
    at += length + 1;
  }
}

/** Whether a class is one that questions of our zones can have; ANY is refused, as its answers would be ambiguous. */
export function isServedClass(value: number): boolean {
  return value === Class.IN;
}
