// What a listener is: something that moves octets between clients and a responder. Runs in a worker thread.
import type { Responder } from '../answer/responder.ts';

/** An address to listen at, for UDP and for TCP. */
export interface ListenAddress {
  /** IPv4 or IPv6, textual; `0.0.0.0` and `::` mean every address. */
  readonly ip: string;
  /** 1 to 65535; 0 takes any free one (tests). */
  readonly port: number;
}

/** Limits of TCP service (RFC 7766 6, RFC 9210). */
export interface TcpLimits {
  /** Milliseconds after which a connection without a query in work is closed. */
  readonly idleMs: number;
  /** Milliseconds from a message's first octet to its last. */
  readonly messageMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  /** Octets of replies that a client has not taken; above it nothing more is read from it. */
  readonly maxQueuedOctets: number;
}

/** What a listener needs of its thread. */
export interface ListenerContext {
  readonly responder: Responder;
  /** The slice of the thread: a page for each transport. */
  readonly counters: Float64Array;
  readonly maxUdpSize: number;
  readonly tcp: TcpLimits;
  /** To be called before answering: takes over new buffers of the image if there are any. */
  refresh(): void;
  /** Counts an answer that failed, and tells of it. On the query path nothing throws: what does so all the same is a fault of ours. */
  fault(error: unknown, transport: number): void;
  /** The class of a client, as `Responder.respond` takes it. */
  clientOf(ip: string): number;
  /** The same for the `struct sockaddr_in` or `sockaddr_in6` that begins at `octets[at]`. */
  clientOfSocketAddress(octets: Uint8Array, at: number): number;
}

export interface Listener {
  /** Starts to answer. @returns the address bound @throws when it cannot be bound */
  start(address: ListenAddress): Promise<ListenAddress>;
  /** Takes nothing new, finishes what it has, closes. */
  stop(): Promise<void>;
}
