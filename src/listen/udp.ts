// DNS over UDP on node:dgram: the listener that works on every platform.
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { Transport } from '../answer/responder.ts';
import { Count, counterPage } from '../base/counters.ts';
import { LatencySample } from './latency.ts';
import type { ListenAddress, Listener, ListenerContext } from './listener.ts';

/** Octets the kernel keeps for us when queries come faster than they are answered. */
const RECEIVE_BUFFER = 4 << 20;

/** Replies handed to the socket that are not sent yet, at most; more are dropped and counted. */
const WAITING = 1_024;

export class UdpListener implements Listener {
  readonly #context: ListenerContext;
  readonly #counters: Float64Array;
  readonly #latency: LatencySample;
  #socket: Socket | undefined;
  /** Room for each reply that is not sent yet, side by side. */
  readonly #replies: Uint8Array;
  /** Offsets of the rooms that are free. */
  readonly #free: number[] = [];

  constructor(context: ListenerContext) {
    this.#context = context;
    this.#counters = counterPage(context.counters, Transport.UDP);
    this.#latency = new LatencySample(this.#counters);
    const room = (context.maxUdpSize + 64) & ~3;
    this.#replies = new Uint8Array(room * WAITING);
    for (let i = WAITING - 1; i >= 0; i--) this.#free.push(i * room);
  }

  async start(address: ListenAddress): Promise<ListenAddress> {
    const type = isIPv6(address.ip) ? 'udp6' : 'udp4';
    const socket = createSocket({ type, reusePort: true, ipv6Only: type === 'udp6' });
    this.#socket = socket;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('error', reject);
    socket.bind(address.port, address.ip, resolve);
    await promise;
    socket.removeAllListeners('error');
    // An error on the socket (an ICMP message, say) concerns one reply; the socket goes on.
    socket.on('error', () => {
      this.#counters[Count.DROPPED_REPLIES]!++;
    });
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER);
    } catch {
      // The kernel's limit is lower (net.core.rmem_max): what it gave is what there is.
    }
    socket.on('message', (message, remote) => this.#answer(message, remote.port, remote.address));
    return { ip: address.ip, port: socket.address().port };
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #answer(message: Uint8Array, port: number, ip: string): void {
    const { responder } = this.#context;
    const socket = this.#socket;
    // A reply to port 0 cannot be sent; such a query is forged.
    if (port === 0 || !socket) return;
    const to = this.#free.pop();
    if (to === undefined) {
      this.#counters[Count.DROPPED_REPLIES]!++;
      return;
    }
    this.#latency.begin();
    let length = 0;
    try {
      this.#context.refresh();
      const client = this.#context.clientOf(ip);
      length = responder.respond(message, 0, message.length, this.#replies, to, Transport.UDP, client);
    } catch (error) {
      this.#context.fault(error, Transport.UDP);
    }
    if (length === 0) {
      this.#free.push(to);
      return;
    }
    socket.send(this.#replies, to, length, port, ip, (error) => {
      this.#free.push(to);
      if (error) this.#counters[Count.DROPPED_REPLIES]!++;
    });
    this.#latency.end(1);
  }
}
