// A short answer of HTTP/1.1 (RFC 9112) as it lies in memory: all of it in one piece, or not yet all. Only the plain cases
// are read here: whoever meets another one asks again with the client of `http.ts`, which knows all of them.

/** An answer that is complete. */
export interface ShortAnswer {
  readonly status: number;
  /** Its body, UTF-8. */
  readonly text: string;
  /** Whether the connection can be used no more. */
  readonly isLast: boolean;
}

const CR = 13;
const LF = 10;

/** Octets of a head, and of the line that says a chunk's size: more are no plain case. */
const MAX_HEAD = 16 << 10;
const MAX_SIZE_LINE = 256;

/**
 * Reads an answer.
 * @param octets all that came since the question
 * @returns `more` when there is more to come, `other` when it is no plain case
 */
export function readAnswer(octets: Buffer): ShortAnswer | 'more' | 'other' {
  const headEnd = octets.indexOf('\r\n\r\n', 0, 'latin1');
  if (headEnd < 0) return octets.length > MAX_HEAD ? 'other' : 'more';
  const head = octets.toString('latin1', 0, headEnd);
  const status = Number(/^HTTP\/1\.1 (\d{3})(?: |\r|$)/.exec(head)?.[1]);
  // What comes before the answer, and answers that have no body, are left to the other client.
  if (!(status >= 200) || status === 204 || status === 304) return 'other';
  const framing = readFraming(head);
  if (framing === undefined) return 'other';
  const start = headEnd + 4;
  const body = framing.length === undefined ? readChunks(octets, start) : readLength(octets, start, framing.length);
  if (typeof body === 'string') return body;
  const { parts, end } = body;
  const text = parts.length === 1 ? parts[0]!.toString('utf8') : Buffer.concat(parts).toString('utf8');
  // Octets that nobody asked for are of no answer that we could know.
  return { status, text, isLast: framing.isLast || end < octets.length };
}

interface Framing {
  /** Octets of the body; undefined when it comes in chunks. */
  readonly length: number | undefined;
  readonly isLast: boolean;
}

const FRAMING = /\r\n(content-length|transfer-encoding|content-encoding|connection)[ \t]*:[ \t]*([^\r\n]*)/gi;

/** How the end of the body is known (RFC 9112 6.3). @returns undefined when it is said twice, or in no plain way */
function readFraming(head: string): Framing | undefined {
  let length: number | undefined;
  let isChunked = false;
  let isLast = false;
  FRAMING.lastIndex = 0;
  for (let match = FRAMING.exec(head); match; match = FRAMING.exec(head)) {
    const word = match[2]!.trimEnd().toLowerCase();
    switch (match[1]!.toLowerCase()) {
      case 'connection':
        isLast ||= word !== 'keep-alive';
        break;
      case 'content-length':
        if (length !== undefined || !/^\d{1,15}$/.test(word)) return undefined;
        length = Number(word);
        break;
      case 'transfer-encoding':
        if (isChunked || word !== 'chunked') return undefined;
        isChunked = true;
        break;
      default:
        return undefined;
    }
  }
  return isChunked === (length !== undefined) ? undefined : { length, isLast };
}

interface Body {
  readonly parts: readonly Buffer[];
  /** Where it ends among the octets. */
  readonly end: number;
}

function readLength(octets: Buffer, start: number, length: number): Body | 'more' {
  const end = start + length;
  return octets.length < end ? 'more' : { parts: [octets.subarray(start, end)], end };
}

/** RFC 9112 7.1; what is said behind the last chunk is no plain case. */
function readChunks(octets: Buffer, start: number): Body | 'more' | 'other' {
  const parts: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = octets.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return octets.length - at > MAX_SIZE_LINE ? 'other' : 'more';
    const [, size] = /^([0-9a-f]{1,8})[ \t]*(?:;|$)/i.exec(octets.toString('latin1', at, lineEnd)) ?? [];
    if (size === undefined) return 'other';
    const first = lineEnd + 2;
    const last = first + Number.parseInt(size, 16);
    if (octets.length < last + 2) return 'more';
    if (octets[last] !== CR || octets[last + 1] !== LF) return 'other';
    at = last + 2;
    if (last === first) return { parts, end: at };
    parts.push(octets.subarray(first, last));
  }
}
