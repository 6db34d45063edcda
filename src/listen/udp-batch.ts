// HOT PATH: no allocation, no await, no throw
// DNS over UDP in batches (Linux): one call receives up to 128 datagrams, each is answered, one call sends all replies. The
// thread does nothing else: it blocks in the kernel while there is nothing to do, so it has no event loop to go round.
import { Transport } from '../answer/responder.ts';
import { Count, counterPage } from '../base/counters.ts';
import { type Block, isWildcard, type Kernel, MMSGHDR, MSG_DONTWAIT, MSG_WAITFORONE, POLLIN, SIZE } from './kernel.ts';
import { LatencySample } from './latency.ts';
import type { ListenAddress, ListenerContext } from './listener.ts';

/** Datagrams in one call. The calls themselves cost little from 64 on; more replies of one size to one client go together. */
export const BATCH = 128;

/**
 * Datagrams in a turn from which on it pays to wait a little before the next: what comes meanwhile is received together and
 * answered together, so there are fewer turns, fewer wake-ups on both sides and fewer, larger messages. Where a turn takes
 * some ten microseconds, so many come at tens of thousands a second; below that nobody waits for anything.
 */
const CROWD = 16;

/** Microseconds of that wait: the most that it adds to a latency, but for the kernel's slack. */
const GATHER_US = 100;

/** Octets of a query that are taken in; what is longer is cut and gets FORMERR, as no DNS query is. */
const QUERY_OCTETS = 4_096;

/** Octets for the control messages of a datagram: the local address (IP_PKTINFO: 28, IPV6_PKTINFO: 36) and a segment's size. */
const CONTROL_OCTETS = 64;

/** Octets kept for a client's address. */
const NAME_OCTETS = 32;

/** Milliseconds that a turn waits for a datagram: how long a stop or a new image may have to wait for an idle thread. */
export const WAIT_MS = 100;

/** Octets of a control message that carries the size of a segment, 16 bits; and the same rounded up. */
const SEGMENT_LENGTH = 18;
const SEGMENT_OCTETS = 24;

/** Constants of <linux/udp.h>: cutting one message into datagrams of one size (Linux 4.18). */
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

/** Datagrams in one message, at most: Linux before 6.9 takes no more. */
const MAX_SEGMENTS = 64;

/** Octets of one message, at most: those of an IP packet (65,535) without its headers. */
const MAX_MESSAGE = 65_000;

/** Octets of a reply that may go together with others: what fits through any path, for it cannot be cut into fragments. */
const MAX_SEGMENT = 1_232;

/** Octets of a `struct sockaddr_in`. */
const IPV4_NAME = 16;

/** Attempts to send what the kernel does not take at once. */
const SEND_TRIES = 4;

interface Socket {
  readonly fd: number;
  /** Whether each datagram brings, and each reply takes, the local address along. */
  readonly hasControl: boolean;
}

/** A socket that outlives the thread: another one can go on with it. */
export interface BoundSocket {
  readonly fd: number;
  readonly address: ListenAddress;
}

export class UdpBatch {
  readonly #kernel: Kernel;
  readonly #context: ListenerContext;
  readonly #counters: Float64Array;
  readonly #latency: LatencySample;
  readonly #sockets: readonly Socket[];
  /** Octets for the control message of a datagram that comes; 0 when no socket wants one. */
  readonly #controlRoom: number;
  readonly #polled: Block;
  readonly #queries: Block;
  readonly #replies: Block;
  readonly #replyOctets: number;
  readonly #names: Block;
  readonly #controls: Block;
  readonly #received: Block;
  readonly #sent: Block;
  readonly #receivedWords: Uint32Array;
  readonly #sentWords: Uint32Array;
  readonly #nameWords: Uint32Array;
  readonly #controlWords: Uint32Array;
  /** Of each reply: its octets (0 once it is in a message), which datagram it answers, octets of that one's address and control. */
  readonly #sizes = new Uint16Array(BATCH);
  readonly #askers = new Uint8Array(BATCH);
  readonly #nameLengths = new Uint8Array(BATCH);
  readonly #controlLengths = new Uint8Array(BATCH);
  #canSegment = true;
  /** Datagrams in the last turn. */
  #lastCount = 0;

  constructor(kernel: Kernel, context: ListenerContext, sockets: readonly BoundSocket[]) {
    this.#kernel = kernel;
    this.#context = context;
    this.#counters = counterPage(context.counters, Transport.UDP);
    this.#latency = new LatencySample(this.#counters);
    this.#sockets = sockets.map(({ fd, address }) => ({ fd, hasControl: isWildcard(address.ip) }));
    this.#controlRoom = this.#sockets.some(({ hasControl }) => hasControl) ? CONTROL_OCTETS : 0;
    this.#polled = kernel.allocate(Math.max(1, sockets.length) * SIZE.POLLFD);
    this.#replyOctets = (context.maxUdpSize + 64 + 63) & ~63;
    this.#queries = kernel.allocate(BATCH * QUERY_OCTETS);
    this.#replies = kernel.allocate(BATCH * this.#replyOctets);
    this.#names = kernel.allocate(BATCH * NAME_OCTETS);
    this.#controls = kernel.allocate(BATCH * CONTROL_OCTETS);
    this.#received = kernel.allocate(BATCH * (SIZE.MMSGHDR + SIZE.IOVEC));
    this.#sent = kernel.allocate(BATCH * (SIZE.MMSGHDR + SIZE.IOVEC));
    this.#receivedWords = wordsOf(this.#received);
    this.#nameWords = wordsOf(this.#names);
    this.#controlWords = wordsOf(this.#controls);
    this.#sentWords = wordsOf(this.#sent);
    this.#layHeaders();
    for (const [i, { fd }] of this.#sockets.entries()) {
      this.#polled.octets.writeInt32LE(fd, i * SIZE.POLLFD);
      this.#polled.octets.writeInt16LE(POLLIN, i * SIZE.POLLFD + 4);
    }
  }

  /** Waits for datagrams, at most `WAIT_MS`, and answers those that are there. */
  turn(): void {
    // After a full batch there are more already.
    if (this.#lastCount >= CROWD && this.#lastCount < BATCH) this.#kernel.usleep(GATHER_US);
    this.#lastCount = 0;
    const { length } = this.#sockets;
    if (length === 1) {
      this.#lastCount = this.#serve(this.#sockets[0]!, MSG_WAITFORONE);
      return;
    }
    if (this.#kernel.poll(this.#polled.address, length, WAIT_MS) <= 0) return;
    for (let i = 0; i < length; i++)
      if (this.#polled.octets[i * SIZE.POLLFD + 6] !== 0)
        this.#lastCount += this.#serve(this.#sockets[i]!, MSG_DONTWAIT);
  }

  /** Answers what the kernel still holds, then closes the sockets. */
  drain(): void {
    for (const socket of this.#sockets) {
      while (this.#serve(socket, MSG_DONTWAIT) > 0);
      this.#kernel.close(socket.fd);
    }
  }

  /** One batch of one socket. @returns datagrams received */
  #serve(socket: Socket, flags: number): number {
    const kernel = this.#kernel;
    const count = kernel.recvmmsg(socket.fd, this.#received.address, BATCH, flags, 0);
    if (count <= 0) return 0;
    this.#latency.begin();
    const context = this.#context;
    context.refresh();
    const { responder } = context;
    const received = this.#receivedWords;
    const names = this.#names.octets;
    const queries = this.#queries.octets;
    const replies = this.#replies.octets;
    const replyOctets = this.#replyOctets;
    let out = 0;
    for (let i = 0; i < count; i++) {
      const header = (i * SIZE.MMSGHDR) >>> 2;
      const length = received[header + (MMSGHDR.LENGTH >>> 2)]!;
      const name = i * NAME_OCTETS;
      const nameLength = received[header + (MMSGHDR.NAME_LENGTH >>> 2)]!;
      const controlLength = received[header + (MMSGHDR.CONTROL_LENGTH >>> 2)]!;
      received[header + (MMSGHDR.NAME_LENGTH >>> 2)] = SIZE.SOCKADDR;
      received[header + (MMSGHDR.CONTROL_LENGTH >>> 2)] = this.#controlRoom;
      // A reply to port 0 cannot be sent; such a query is forged.
      if (names[name + 2] === 0 && names[name + 3] === 0) continue;
      let size = 0;
      try {
        const client = context.clientOfSocketAddress(names, name);
        size = responder.respond(queries, i * QUERY_OCTETS, length, replies, out * replyOctets, Transport.UDP, client);
      } catch (error) {
        context.fault(error, Transport.UDP);
      }
      if (size === 0) continue;
      this.#sizes[out] = size;
      this.#askers[out] = i;
      this.#nameLengths[out] = nameLength;
      this.#controlLengths[out] = socket.hasControl ? this.#leaveInterface(i, controlLength) : 0;
      out++;
    }
    this.#send(socket.fd, this.#pack(out));
    this.#latency.end(count);
    return count;
  }

  /**
   * Lays the headers of the replies out. Replies of one size to one client (a resolver, a proxy, a load balancer asks from
   * few sockets) become one message, which the kernel takes through its stack once and cuts up at the end (UDP_SEGMENT).
   * @returns messages
   */
  #pack(count: number): number {
    const sizes = this.#sizes;
    let messages = 0;
    let vectors = 0;
    for (let first = 0; first < count; first++) {
      const size = sizes[first]!;
      if (size === 0) continue;
      const start = vectors;
      this.#putVector(vectors++, first, size);
      if (this.#canSegment && size <= MAX_SEGMENT) {
        const most = start + Math.min(MAX_SEGMENTS, Math.floor(MAX_MESSAGE / size));
        for (let next = first + 1; next < count && vectors < most; next++) {
          if (sizes[next] !== size || !this.#isSameAsker(first, next)) continue;
          this.#putVector(vectors++, next, size);
          sizes[next] = 0;
        }
      }
      this.#putHeader(messages++, first, start, vectors - start, size);
    }
    return messages;
  }

  #putVector(vector: number, reply: number, size: number): void {
    const words = this.#sentWords;
    const at = (BATCH * SIZE.MMSGHDR + vector * SIZE.IOVEC) >>> 2;
    putAddress(words, at, this.#replies.address + reply * this.#replyOctets);
    words[at + 2] = size;
  }

  #putHeader(message: number, reply: number, vector: number, count: number, size: number): void {
    const words = this.#sentWords;
    const at = (message * SIZE.MMSGHDR) >>> 2;
    const asker = this.#askers[reply]!;
    putAddress(words, at, this.#names.address + asker * NAME_OCTETS);
    words[at + (MMSGHDR.NAME_LENGTH >>> 2)] = this.#nameLengths[reply]!;
    putAddress(words, at + (MMSGHDR.IOV >>> 2), this.#sent.address + BATCH * SIZE.MMSGHDR + vector * SIZE.IOVEC);
    words[at + (MMSGHDR.IOV_COUNT >>> 2)] = count;
    let controlLength = this.#controlLengths[reply]!;
    if (count > 1) controlLength = this.#putSegment(asker, controlLength, size);
    putAddress(words, at + (MMSGHDR.CONTROL >>> 2), this.#controls.address + asker * CONTROL_OCTETS);
    words[at + (MMSGHDR.CONTROL_LENGTH >>> 2)] = controlLength;
  }

  /** Writes a `struct cmsghdr` with the size of a segment behind the other one, if there is one. @returns octets of both */
  #putSegment(asker: number, length: number, size: number): number {
    const words = this.#controlWords;
    // Each begins at a multiple of eight.
    const start = (length + 7) & ~7;
    const at = (asker * CONTROL_OCTETS + start) >>> 2;
    words[at] = SEGMENT_LENGTH;
    words[at + 1] = 0;
    words[at + 2] = SOL_UDP;
    words[at + 3] = UDP_SEGMENT;
    words[at + 4] = size;
    return start + SEGMENT_OCTETS;
  }

  /** Whether two replies go to one address and port, and from one address. */
  #isSameAsker(a: number, b: number): boolean {
    const words = this.#nameWords;
    const one = (this.#askers[a]! * NAME_OCTETS) >>> 2;
    const other = (this.#askers[b]! * NAME_OCTETS) >>> 2;
    // Family and port; then the IPv4 address, or flow label, IPv6 address and scope.
    if (words[one] !== words[other] || words[one + 1] !== words[other + 1]) return false;
    if (this.#nameLengths[a] !== IPV4_NAME)
      for (let i = 2; i < SIZE.SOCKADDR >>> 2; i++) if (words[one + i] !== words[other + i]) return false;
    const length = this.#controlLengths[a]!;
    if (length !== this.#controlLengths[b]) return false;
    const controls = this.#controlWords;
    const from = (this.#askers[a]! * CONTROL_OCTETS) >>> 2;
    const otherFrom = (this.#askers[b]! * CONTROL_OCTETS) >>> 2;
    for (let i = 0; i < length >>> 2; i++) if (controls[from + i] !== controls[otherFrom + i]) return false;
    return true;
  }

  /**
   * Makes the received control message fit for sending: the local address stays, the interface is left to the routing
   * table (but for IPv6 link-local addresses, which mean nothing without it). @returns its octets
   */
  #leaveInterface(index: number, length: number): number {
    const octets = this.#controls.octets;
    const at = index * CONTROL_OCTETS;
    // struct cmsghdr: length 8, level 4, type 4. in_pktinfo: interface 4, ...; in6_pktinfo: address 16, interface 4.
    if (length < 28) return 0;
    const isV6 = octets[at + 8] === 41;
    if (!isV6) octets.fill(0, at + 16, at + 20);
    else if (octets[at + 16] !== 0xfe || (octets[at + 17]! & 0xc0) !== 0x80) octets.fill(0, at + 32, at + 36);
    return length;
  }

  /** Sends `count` messages; one that the kernel refuses costs only itself. */
  #send(fd: number, count: number): void {
    const kernel = this.#kernel;
    let done = 0;
    let tries = 0;
    while (done < count) {
      const sent = kernel.sendmmsg(fd, this.#sent.address + done * SIZE.MMSGHDR, count - done, 0);
      if (sent > 0) {
        done += sent;
        tries = 0;
        continue;
      }
      const errno = kernel.errno();
      if (++tries < SEND_TRIES && isTemporary(errno)) continue;
      const replies = this.#sentWords[(done * SIZE.MMSGHDR + MMSGHDR.IOV_COUNT) >>> 2]!;
      // A device or a path that cannot do it: from now on one by one. These replies the clients ask for again.
      if (replies > 1 && CANNOT_SEGMENT.includes(errno)) this.#canSegment = false;
      this.#counters[Count.DROPPED_REPLIES]! += replies;
      done++;
      tries = 0;
    }
  }

  /** Writes what stays the same in all headers: where names, buffers and control messages are. */
  #layHeaders(): void {
    const put = (block: Block, at: number, value: number) => block.octets.writeBigUInt64LE(BigInt(value), at);
    for (let i = 0; i < BATCH; i++) {
      const header = i * SIZE.MMSGHDR;
      const vector = BATCH * SIZE.MMSGHDR + i * SIZE.IOVEC;
      for (const block of [this.#received, this.#sent]) {
        put(block, header + MMSGHDR.NAME, this.#names.address + i * NAME_OCTETS);
        put(block, header + MMSGHDR.NAME_LENGTH, SIZE.SOCKADDR);
        put(block, header + MMSGHDR.IOV, block.address + vector);
        put(block, header + MMSGHDR.IOV_COUNT, 1);
        put(block, header + MMSGHDR.CONTROL, this.#controls.address + i * CONTROL_OCTETS);
        put(block, header + MMSGHDR.CONTROL_LENGTH, this.#controlRoom);
      }
      put(this.#received, vector, this.#queries.address + i * QUERY_OCTETS);
      put(this.#received, vector + 8, QUERY_OCTETS);
    }
  }
}

/** Writes a pointer, little-endian, as two words. */
function putAddress(words: Uint32Array, at: number, address: number): void {
  words[at] = address;
  words[at + 1] = address / 0x1_0000_0000;
}

function wordsOf({ octets }: Block): Uint32Array {
  return new Uint32Array(octets.buffer, octets.byteOffset, octets.length >>> 2);
}

const EINTR = 4;
const EAGAIN = 11;
const ENOBUFS = 105;

/** EIO, EINVAL, EMSGSIZE, EOPNOTSUPP; others are about one client. */
const CANNOT_SEGMENT: readonly number[] = [5, 22, 90, 95];

function isTemporary(errno: number): boolean {
  return errno === EINTR || errno === EAGAIN || errno === ENOBUFS;
}
