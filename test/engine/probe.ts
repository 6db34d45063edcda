// A program that stands where a client stands: started in the network namespace of a container, a host or a machine
// outside (vantage.ts), it asks a DNS server and tries connections from there. Reads requests as lines of JSON on standard
// input and answers each with a line on standard output, in any order.
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { createInterface } from 'node:readline';
import { decode, ipv4, query, TYPE, type WireRecord } from '../live/wire.ts';

/** What can be asked of a probe. */
export type ProbeRequest =
  | {
      readonly kind: 'resolve';
      readonly server: string;
      readonly name: string;
      readonly type: 'A' | 'AAAA' | 'SRV' | 'PTR' | 'TXT';
    }
  | { readonly kind: 'reach'; readonly endpoint: Endpoint; readonly timeoutMs: number }
  | {
      readonly kind: 'watch';
      readonly server: string;
      readonly name: string;
      readonly until: 'answered' | 'silent' | 'told';
    }
  | { readonly kind: 'tell'; readonly name: string };

export interface Endpoint {
  readonly protocol: 'tcp' | 'udp';
  /** IPv4 or IPv6, textual. */
  readonly address: string;
  readonly port: number;
}

/** A reply of a DNS server, as far as these tests look. */
export interface Resolution {
  readonly rcode: number;
  /** Data of the answer's records of the type asked for: an address, `priority weight port target`, a name. */
  readonly data: readonly string[];
  /** TTL of each. */
  readonly ttls: readonly number[];
}

/** What was seen of a name's A records, asked for again and again. */
export interface Watch {
  /** Replies, and those among them without an address. */
  readonly replies: number;
  readonly empty: number;
  /** Every set of addresses that was answered, each once. */
  readonly answers: readonly string[];
  /** Milliseconds since 1970 when the last reply came, and the one before it. */
  readonly lastAt: number;
  readonly beforeAt: number;
}

/** Milliseconds between two questions of a watch. */
const WATCH_MS = 2;

/** Milliseconds until a question is sent again, and how often: the first datagram to a new neighbour can be lost. */
const RESEND_MS = 500;
const SENDS = 8;

/** Milliseconds until a datagram to a service is sent again. */
const KNOCK_MS = 150;

function dataText({ rdata, names }: WireRecord, type: number): string {
  const octets = Buffer.from(rdata, 'latin1');
  if (type === TYPE.A) return ipv4(rdata);
  if (type === TYPE.AAAA) {
    const groups = Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(2 * i).toString(16));
    return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
  }
  if (type === TYPE.SRV)
    return `${octets.readUInt16BE(0)} ${octets.readUInt16BE(2)} ${octets.readUInt16BE(4)} ${names[0]}`;
  return names[0] ?? octets.subarray(1).toString();
}

/** @throws Error when no reply comes */
async function resolve(server: string, name: string, mnemonic: keyof typeof TYPE): Promise<Resolution> {
  const type = TYPE[mnemonic];
  const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let sends = 0;
  const send = (): void => {
    if (sends++ === SENDS) reject(new Error(`${server} does not answer ${name} ${mnemonic}`));
    else socket.send(query(name, type, { id: 1, edns: {} }), 53, server);
  };
  socket.on('message', resolve);
  // An ICMP error may pass, like any loss: the question is sent again.
  socket.on('error', () => {});
  const timer = setInterval(send, RESEND_MS);
  try {
    send();
    const { rcode, answer } = decode(await promise);
    const records = answer.filter((record) => record.type === type);
    return { rcode, data: records.map((record) => dataText(record, type)), ttls: records.map(({ ttl }) => ttl) };
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

/** Names whose watches are to end. */
const told = new Set<string>();

/** Asks for the A records of a name until they are there, or gone, or until it is told to stop. */
async function watch(server: string, name: string, until: 'answered' | 'silent' | 'told'): Promise<Watch> {
  const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
  const { promise, resolve } = Promise.withResolvers<Watch>();
  const answers = new Set<string>();
  const seen = { replies: 0, empty: 0, lastAt: 0, beforeAt: 0 };
  socket.on('error', () => {});
  socket.on('message', (reply) => {
    seen.beforeAt = seen.lastAt;
    seen.lastAt = Date.now();
    seen.replies++;
    const addresses = decode(reply).answer.map((record) => dataText(record, TYPE.A));
    if (addresses.length === 0) seen.empty++;
    else answers.add(addresses.sort().join(' '));
    const isOver = until === 'told' ? told.has(name) : addresses.length > 0 === (until === 'answered');
    if (isOver) resolve({ ...seen, answers: [...answers] });
  });
  const timer = setInterval(() => socket.send(query(name, TYPE.A, { id: 1 }), 53, server), WATCH_MS);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

/** What the service at an endpoint says it is; null when nothing answers in time. */
async function reach({ protocol, address, port }: Endpoint, timeoutMs: number): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const end = setTimeout(() => resolve(null), timeoutMs);
  let close: () => void;
  if (protocol === 'tcp') {
    let text = '';
    const socket = connect({ host: address, port });
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => resolve(null));
    // A proxy may accept for a service that is not there: what counts is what the service says.
    socket.on('end', () => resolve(text.trim() || null));
    close = () => socket.destroy();
  } else {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const knock = (): void => socket.send('who');
    socket.on('message', (message) => resolve(message.toString().trim()));
    socket.on('error', () => resolve(null));
    let timer: NodeJS.Timeout | undefined;
    // Connected, as clients' sockets are: a reply from another address is no reply, a refusal is heard.
    socket.once('connect', () => {
      timer = setInterval(knock, KNOCK_MS);
      knock();
    });
    socket.connect(port, address);
    close = () => {
      clearInterval(timer);
      socket.close();
    };
  }
  try {
    return await promise;
  } finally {
    clearTimeout(end);
    close();
  }
}

function answer(request: ProbeRequest): Promise<unknown> {
  switch (request.kind) {
    case 'resolve':
      return resolve(request.server, request.name, request.type);
    case 'reach':
      return reach(request.endpoint, request.timeoutMs);
    case 'watch':
      return watch(request.server, request.name, request.until);
    case 'tell':
      told.add(request.name);
      return Promise.resolve(null);
  }
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, request } = JSON.parse(line) as { readonly id: number; readonly request: ProbeRequest };
  let reply: object;
  try {
    reply = { id, value: await answer(request) };
  } catch (error) {
    reply = { id, error: (error as Error).message };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
});
