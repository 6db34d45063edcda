// DNS over TCP on node:net (RFC 7766, RFC 9210): pipelined queries, answers at once, limits on what one client may hold.
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { Transport } from '../answer/responder.ts';
import { Count, counterPage } from '../base/counters.ts';
import { HEADER } from '../wire/query.ts';
import { LatencySample } from './latency.ts';
import type { ListenAddress, Listener, ListenerContext } from './listener.ts';

/** Connections that the kernel holds for us before we take them. */
const BACKLOG = 1_024;

/** Octets of the largest reply behind its two octets of length. */
const REPLY = 2 + 65_535;

/** Octets of replies that are collected before they are handed to the socket. */
const CHUNK = 64 * 1024;

const NOTHING = Buffer.alloc(0);

/** What is known of one connection. */
interface Connection {
  readonly socket: Socket;
  readonly ip: string;
  readonly client: number;
  /** Octets received that are not a whole message yet. */
  pending: Buffer | undefined;
  /** When the message that `pending` begins has to be there, milliseconds of the monotonic clock; 0: none is begun. */
  deadline: number;
  lastUsed: number;
  hasEnded: boolean;
}

/** Milliseconds between two looks at which connections are over their time. */
const SWEEP_MS = 250;

export class TcpListener implements Listener {
  readonly #context: ListenerContext;
  readonly #counters: Float64Array;
  readonly #latency: LatencySample;
  #server: Server | undefined;
  readonly #connections = new Set<Connection>();
  readonly #perClient = new Map<string, number>();
  #sweeper: NodeJS.Timeout | undefined;
  /** Replies to one segment's queries are laid down here one behind the other. */
  readonly #out = Buffer.allocUnsafeSlow(CHUNK + REPLY);

  constructor(context: ListenerContext) {
    this.#context = context;
    this.#counters = counterPage(context.counters, Transport.TCP);
    this.#latency = new LatencySample(this.#counters);
  }

  async start(address: ListenAddress): Promise<ListenAddress> {
    // A client that closes its sending side still gets its answers (RFC 7766 6.2.4): allowHalfOpen.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(
      { host: address.ip, port: address.port, backlog: BACKLOG, reusePort: true, ipv6Only: isIPv6(address.ip) },
      resolve,
    );
    await promise;
    server.removeListener('error', reject);
    // Out of file descriptors, for one: the connection is lost, the server goes on.
    server.on('error', () => {
      this.#counters[Count.TCP_REFUSED]!++;
    });
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    const bound = server.address();
    return { ip: address.ip, port: typeof bound === 'object' && bound ? bound.port : address.port };
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    clearInterval(this.#sweeper);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const { socket } of this.#connections) socket.end(() => socket.destroy());
    const late = setTimeout(() => {
      for (const { socket } of this.#connections) socket.destroy();
    }, 500);
    await closed;
    clearTimeout(late);
  }

  #accept(socket: Socket): void {
    const { tcp } = this.#context;
    const ip = socket.remoteAddress ?? '';
    const ofClient = this.#perClient.get(ip) ?? 0;
    if (this.#connections.size >= tcp.maxConnections) this.#closeIdlest();
    if (this.#connections.size >= tcp.maxConnections || ofClient >= tcp.maxConnectionsPerClient || ip === '') {
      this.#counters[Count.TCP_REFUSED]!++;
      socket.resetAndDestroy();
      return;
    }
    this.#counters[Count.TCP_CONNECTIONS]!++;
    this.#perClient.set(ip, ofClient + 1);
    const connection: Connection = {
      socket,
      ip,
      client: this.#context.clientOf(ip),
      pending: undefined,
      deadline: 0,
      lastUsed: performance.now(),
      hasEnded: false,
    };
    this.#connections.add(connection);
    socket.on('data', (chunk) => this.#receive(connection, chunk as Buffer));
    socket.on('drain', () => {
      socket.resume();
      this.#receive(connection, NOTHING);
    });
    socket.on('end', () => {
      connection.hasEnded = true;
      this.#receive(connection, NOTHING);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#forget(connection));
  }

  #forget(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    const left = (this.#perClient.get(connection.ip) ?? 1) - 1;
    if (left > 0) this.#perClient.set(connection.ip, left);
    else this.#perClient.delete(connection.ip);
  }

  /** Room for a new connection is made by the one that has been idle longest (RFC 7766 6.2.3), if any is idle. */
  #closeIdlest(): void {
    let idlest: Connection | undefined;
    for (const connection of this.#connections)
      if (!idlest || connection.lastUsed < idlest.lastUsed) idlest = connection;
    if (!idlest || performance.now() - idlest.lastUsed < 1_000) return;
    idlest.socket.destroy();
    this.#forget(idlest);
  }

  #receive(connection: Connection, chunk: Buffer): void {
    const { tcp } = this.#context;
    const { socket, pending } = connection;
    if (chunk.length > 0) connection.lastUsed = performance.now();
    const data = pending ? Buffer.concat([pending, chunk]) : chunk;
    this.#latency.begin();
    this.#context.refresh();
    const out = this.#out;
    let filled = 0;
    let at = 0;
    let queries = 0;
    while (data.length - at >= 2 && socket.writableLength <= tcp.maxQueuedOctets) {
      const length = (data[at]! << 8) | data[at + 1]!;
      if (length < HEADER) {
        // Not a DNS message, so neither is what follows.
        this.#send(socket, filled);
        socket.destroySoon();
        return;
      }
      if (data.length - at - 2 < length) break;
      const reply = this.#respond(data, at + 2, length, filled + 2, connection.client);
      at += 2 + length;
      queries++;
      if (reply === 0) continue;
      out[filled] = reply >> 8;
      out[filled + 1] = reply & 255;
      filled += 2 + reply;
      if (filled >= CHUNK) {
        this.#send(socket, filled);
        filled = 0;
      }
    }
    this.#send(socket, filled);
    this.#latency.end(queries);
    const isFull = socket.writableLength > tcp.maxQueuedOctets;
    const rest = data.length - at;
    // Copied, because a chunk can be a slice of a much larger buffer.
    connection.pending = rest > 0 ? Buffer.from(data.subarray(at)) : undefined;
    if (rest === 0 || isFull) connection.deadline = 0;
    else if (connection.deadline === 0 || at > 0) connection.deadline = performance.now() + tcp.messageMs;
    // A client that does not take its answers is not read from until it does.
    if (isFull) socket.pause();
    else if (connection.hasEnded) socket.end();
  }

  /** @returns octets of the reply, which lies at `to` of what goes out; 0 when there is none */
  #respond(data: Buffer, at: number, length: number, to: number, client: number): number {
    try {
      return this.#context.responder.respond(data, at, length, this.#out, to, Transport.TCP, client);
    } catch (error) {
      this.#context.fault(error, Transport.TCP);
      return 0;
    }
  }

  #send(socket: Socket, length: number): void {
    if (length > 0 && socket.writable) socket.write(Buffer.from(this.#out.subarray(0, length)));
  }

  #sweep(): void {
    const now = performance.now();
    const { tcp } = this.#context;
    for (const connection of this.#connections) {
      const isLate = connection.deadline > 0 && now > connection.deadline;
      const isIdle = now - connection.lastUsed > tcp.idleMs;
      if (!isLate && !isIdle) continue;
      this.#counters[Count.TCP_TIMEOUTS]!++;
      connection.socket.destroy();
    }
  }
}
