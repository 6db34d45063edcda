// A DNS client for tests: queries as octets, replies decoded strictly, over UDP and TCP. Written apart from src/wire on
// purpose, so that a mistake there does not agree with itself here (RFC 1035 4, RFC 6891).
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';

/** Type codes by mnemonic, as the tests name them. */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  HTTPS: 65,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;

/** A record as it stood in a message; names expanded, in presentation form. */
export interface WireRecord {
  readonly owner: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  /** Names inside uncompressed; one character an octet. */
  readonly rdata: string;
  /** The names inside, in presentation form. */
  readonly names: readonly string[];
}

export interface WireOpt {
  readonly size: number;
  readonly version: number;
  readonly flags: number;
  /** Option code to its data. */
  readonly options: ReadonlyMap<number, Buffer>;
}

export interface WireMessage {
  readonly id: number;
  readonly opcode: number;
  readonly isReply: boolean;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly rd: boolean;
  readonly ra: boolean;
  readonly z: boolean;
  readonly ad: boolean;
  readonly cd: boolean;
  /** With the upper bits that OPT holds. */
  readonly rcode: number;
  readonly question: readonly { readonly name: string; readonly type: number; readonly class: number }[];
  readonly answer: readonly WireRecord[];
  readonly authority: readonly WireRecord[];
  /** Without OPT. */
  readonly additional: readonly WireRecord[];
  readonly opt: WireOpt | undefined;
  /** Octets of the whole. */
  readonly size: number;
  /** What a strict reader minds: compression where RFC 3597 4 forbids it, pointers that do not point back to a name. */
  readonly faults: readonly string[];
}

export interface QueryOptions {
  readonly id?: number;
  /** The two octets behind the id; 0x0100 (RD) when absent. */
  readonly flags?: number;
  readonly class?: number;
  /** Present: an OPT record with these. */
  readonly edns?: {
    readonly size?: number;
    readonly version?: number;
    readonly flags?: number;
    readonly options?: readonly (readonly [number, Buffer])[];
  };
}

/** A name in wire form from presentation form, with or without its final dot; `\DDD` and `\.` are understood. */
export function nameOctets(text: string): Buffer {
  const labels: number[][] = [[]];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '.') labels.push([]);
    else if (text[i] !== '\\') labels.at(-1)!.push(text.charCodeAt(i));
    else if (/^\d{3}/.test(text.slice(i + 1))) {
      labels.at(-1)!.push(Number(text.slice(i + 1, i + 4)));
      i += 3;
    } else labels.at(-1)!.push(text.charCodeAt(++i));
  }
  if (labels.at(-1)!.length === 0) labels.pop();
  const filled = labels.filter((label) => label.length > 0);
  return Buffer.from([...filled.flatMap((label) => [label.length, ...label]), 0]);
}

/** An OPT record (RFC 6891 6.1.2). */
export function optRecord({
  size = 1232,
  version = 0,
  flags = 0,
  options = [],
}: NonNullable<QueryOptions['edns']>): Buffer {
  const data = Buffer.concat(options.map(([code, value]) => Buffer.concat([u16(code), u16(value.length), value])));
  return Buffer.concat([
    Buffer.from([0]),
    u16(41),
    u16(size),
    Buffer.from([0, version]),
    u16(flags),
    u16(data.length),
    data,
  ]);
}

/** A query of one question. */
export function query(name: string, type: number, options: QueryOptions = {}): Buffer {
  const { id = 0, flags = 0x0100, class: questionClass = 1, edns } = options;
  return Buffer.concat([
    u16(id),
    u16(flags),
    u16(1),
    u16(0),
    u16(0),
    u16(edns ? 1 : 0),
    nameOctets(name),
    u16(type),
    u16(questionClass),
    ...(edns ? [optRecord(edns)] : []),
  ]);
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}

/**
 * What the rdata of a type is made of: octets, `n` a name that may be compressed (RFC 1035 types alone), `u` one that may
 * not (RFC 3597 4), `s` a character-string; the rest is opaque.
 */
const LAYOUT: Readonly<Record<number, readonly (number | 'n' | 'u' | 's')[]>> = {
  2: ['n'],
  5: ['n'],
  6: ['n', 'n', 20],
  12: ['n'],
  14: ['n', 'n'],
  15: [2, 'n'],
  17: ['u', 'u'],
  18: [2, 'u'],
  33: [6, 'u'],
  35: [4, 's', 's', 's', 'u'],
  36: [2, 'u'],
  39: ['u'],
  64: [2, 'u'],
  65: [2, 'u'],
};

class Reader {
  readonly octets: Buffer;
  at = 0;
  readonly faults: string[] = [];
  /** Where names, or parts of names, have begun: what a pointer may name. */
  readonly #starts = new Set<number>();

  constructor(octets: Buffer) {
    this.octets = octets;
  }

  u16(): number {
    this.at += 2;
    return this.octets.readUInt16BE(this.at - 2);
  }

  u32(): number {
    this.at += 4;
    return this.octets.readUInt32BE(this.at - 4);
  }

  take(length: number): Buffer {
    if (this.at + length > this.octets.length) throw new RangeError(`the message ends within ${length} octets`);
    this.at += length;
    return this.octets.subarray(this.at - length, this.at);
  }

  /** @returns the name in wire form */
  name(mayCompress: boolean): Buffer {
    const parts: Buffer[] = [];
    let size = 1;
    let at = this.at;
    let end = -1;
    const own: number[] = [];
    for (;;) {
      const length = this.octets.readUInt8(at);
      if (length >= 0xc0) {
        if (!mayCompress) this.faults.push(`a compressed name at ${at}, where none may be`);
        const to = this.octets.readUInt16BE(at) & 0x3fff;
        if (end < 0) end = at + 2;
        if (to >= at) throw new RangeError(`a pointer at ${at} does not point backwards`);
        if (!this.#starts.has(to)) this.faults.push(`a pointer at ${at} points at ${to}, where no label begins`);
        at = to;
        continue;
      }
      if (length > 63) throw new RangeError(`a label of type ${length >> 6} at ${at}`);
      if (end < 0) own.push(at);
      if (length === 0) break;
      size += length + 1;
      if (size > 255) throw new RangeError(`a name over 255 octets at ${this.at}`);
      if (at + 1 + length > this.octets.length) throw new RangeError(`a label at ${at} is cut`);
      parts.push(this.octets.subarray(at, at + 1 + length));
      at += 1 + length;
    }
    // A pointer is a place to point at as well: it stands for the name it leads to.
    this.#starts.add(this.at);
    for (const start of own) this.#starts.add(start);
    this.at = end < 0 ? at + 1 : end;
    return Buffer.concat([...parts, Buffer.from([0])]);
  }
}

/** A name in presentation form. */
function nameText(octets: Buffer): string {
  let text = '';
  for (let at = 0; octets[at] !== 0; at += 1 + octets[at]!) {
    for (const octet of octets.subarray(at + 1, at + 1 + octets[at]!))
      text +=
        /[\w*/-]/.test(String.fromCharCode(octet)) && octet < 128
          ? String.fromCharCode(octet)
          : `\\${String(octet).padStart(3, '0')}`;
    text += '.';
  }
  return text || '.';
}

function readRecord(reader: Reader): WireRecord {
  const owner = nameText(reader.name(true));
  const type = reader.u16();
  const recordClass = reader.u16();
  const ttl = reader.u32();
  const length = reader.u16();
  const end = reader.at + length;
  if (end > reader.octets.length) throw new RangeError(`rdata at ${reader.at} is cut`);
  const parts: Buffer[] = [];
  const names: string[] = [];
  if (length > 0)
    for (const field of LAYOUT[type] ?? []) {
      if (field === 's') parts.push(reader.take(1 + reader.octets.readUInt8(reader.at)));
      else if (typeof field === 'number') parts.push(reader.take(field));
      else {
        const name = reader.name(field === 'n');
        parts.push(name);
        names.push(nameText(name));
      }
    }
  if (reader.at > end) throw new RangeError(`rdata of type ${type} is longer than its length says`);
  parts.push(reader.take(end - reader.at));
  return { owner, type, class: recordClass, ttl, rdata: Buffer.concat(parts).toString('latin1'), names };
}

function readOpt({ class: size, ttl, rdata }: WireRecord): WireOpt {
  const octets = Buffer.from(rdata, 'latin1');
  const options = new Map<number, Buffer>();
  for (let at = 0; at < octets.length; at += 4 + octets.readUInt16BE(at + 2))
    options.set(octets.readUInt16BE(at), octets.subarray(at + 4, at + 4 + octets.readUInt16BE(at + 2)));
  return { size, version: (ttl >> 16) & 255, flags: ttl & 0xffff, options };
}

/**
 * Reads a whole message.
 * @throws RangeError when it is malformed or has octets left over
 */
export function decode(octets: Buffer): WireMessage {
  const reader = new Reader(octets);
  const id = reader.u16();
  const flags = reader.u16();
  const [questions, answers, authorities, additionals] = [reader.u16(), reader.u16(), reader.u16(), reader.u16()];
  const question = Array.from({ length: questions }, () => ({
    name: nameText(reader.name(false)),
    type: reader.u16(),
    class: reader.u16(),
  }));
  const section = (count: number) => Array.from({ length: count }, () => readRecord(reader));
  const answer = section(answers);
  const authority = section(authorities);
  const additional = section(additionals);
  if (reader.at !== octets.length) throw new RangeError(`${octets.length - reader.at} octets behind the message`);
  const opts = additional.filter(({ type }) => type === TYPE.OPT);
  if (opts.length > 1) throw new RangeError('two OPT records');
  const opt = opts[0] && readOpt(opts[0]);
  const bit = (mask: number) => (flags & mask) !== 0;
  return {
    id,
    opcode: (flags >> 11) & 15,
    isReply: bit(0x8000),
    aa: bit(0x0400),
    tc: bit(0x0200),
    rd: bit(0x0100),
    ra: bit(0x0080),
    z: bit(0x0040),
    ad: bit(0x0020),
    cd: bit(0x0010),
    rcode: (flags & 15) | (((opts[0]?.ttl ?? 0) >>> 24) << 4),
    question,
    answer,
    authority,
    additional: additional.filter(({ type }) => type !== TYPE.OPT),
    opt,
    size: octets.length,
    faults: reader.faults,
  };
}

/** Rdata of an A record in text. */
export function ipv4(rdata: string): string {
  return Array.from(rdata, (octet) => octet.charCodeAt(0)).join('.');
}

/** Milliseconds until a query is sent once more, and how often it is sent. A busy machine may well drop a datagram. */
const RESEND_MS = 1_000;
const SENDS = 4;

/** Asks over UDP, many questions at a time on one socket. */
export class UdpClient {
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;
  readonly #waiting = new Map<number, (reply: Buffer) => void>();
  #id = 0;
  #isClosed = false;
  /** Replies that nobody waited for. */
  readonly strays: Buffer[] = [];

  constructor(port: number) {
    this.#port = port;
    this.#socket.on('message', (reply) => {
      const waiter = reply.length >= 2 ? this.#waiting.get(reply.readUInt16BE(0)) : undefined;
      if (waiter) waiter(reply);
      else this.strays.push(reply);
    });
    this.#socket.on('error', () => {});
  }

  /** Sends octets as they are; a reply to them is a stray. */
  send(octets: Buffer): Promise<void> {
    return new Promise((resolve) => this.#socket.send(octets, this.#port, '127.0.0.1', () => resolve()));
  }

  /**
   * Asks, under an id of its own choice.
   * @throws Error when no reply comes
   */
  async ask(message: Buffer): Promise<Buffer> {
    while (this.#waiting.has(this.#id)) this.#id = (this.#id + 1) & 0xffff;
    const id = this.#id;
    this.#id = (id + 1) & 0xffff;
    const octets = Buffer.from(message);
    octets.writeUInt16BE(id, 0);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        this.#waiting.set(id, resolve);
        let sends = 0;
        const send = (): void => {
          if (this.#isClosed || sends++ === SENDS) reject(new Error(`no reply to ${octets.toString('hex')}`));
          else {
            this.#socket.send(octets, this.#port, '127.0.0.1');
            timer = setTimeout(send, RESEND_MS);
          }
        };
        send();
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }
}

/** A message with its two octets of length (RFC 1035 4.2.2). */
export function framed(message: Buffer): Buffer {
  return Buffer.concat([u16(message.length), message]);
}

/** A TCP connection that collects whole messages. */
export class TcpClient {
  readonly socket: TcpSocket;
  readonly #messages: Buffer[] = [];
  #rest = Buffer.alloc(0);
  #wake: () => void = () => {};
  #hasEnded = false;
  /** Resolves when the connection is closed, by whomever. */
  readonly closed: Promise<void>;

  private constructor(socket: TcpSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#take(chunk as Buffer));
    for (const event of ['end', 'close'] as const)
      socket.on(event, () => {
        this.#hasEnded = true;
        this.#wake();
      });
  }

  /** @param allowHalfOpen the connection stays until it is closed from here */
  static async open(port: number, allowHalfOpen = false): Promise<TcpClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen, noDelay: true });
    await once(socket, 'connect');
    return new TcpClient(socket);
  }

  #take(chunk: Buffer): void {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : Buffer.from(chunk);
    let at = 0;
    while (this.#rest.length - at >= 2) {
      const end = at + 2 + this.#rest.readUInt16BE(at);
      if (this.#rest.length < end) break;
      this.#messages.push(this.#rest.subarray(at + 2, end));
      at = end;
    }
    this.#rest = this.#rest.subarray(at);
    this.#wake();
  }

  /** The next `count` messages; fewer when the connection ends before. */
  async read(count: number): Promise<Buffer[]> {
    while (this.#messages.length < count && !this.#hasEnded)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#messages.splice(0, count);
  }

  /** @throws Error when the connection ends without a reply */
  async ask(message: Buffer): Promise<Buffer> {
    this.socket.write(framed(message));
    const [reply] = await this.read(1);
    if (!reply) throw new Error(`no reply to ${message.toString('hex')}`);
    return reply;
  }

  close(): void {
    this.socket.destroy();
  }
}
