// The threads that answer, seen from the main thread: started, told of new buffers, replaced when one dies, stopped.
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { ResponderSettings } from '../answer/responder.ts';
import { createCounters } from '../base/counters.ts';
import type { Logger } from '../base/log.ts';
import type { Image } from '../zone/image.ts';
import type { ImageBuffers } from '../zone/layout.ts';
import type { Prefix } from './clients.ts';
import { type Kernel, openKernel } from './kernel.ts';
import type { ListenAddress, TcpLimits } from './listener.ts';
import { assertFree } from './probe.ts';
import type { BoundSocket } from './udp-batch.ts';
import type { Role, WorkerData, WorkerReport } from './worker.ts';

export interface PoolSettings {
  /** Threads that answer over UDP, 1 or more; half as many more, but at least one, answer over TCP. */
  readonly workers: number;
  readonly listen: readonly ListenAddress[];
  readonly responder: ResponderSettings;
  readonly tcp: TcpLimits;
  /** Clients that get every set in a stable order. */
  readonly stableFor: readonly Prefix[];
  /** False: datagrams one by one on Node's own sockets, as where there are no batches. */
  readonly useBatches: boolean;
  /** The module that each thread runs, when it is not the usual one: tests put one in that fails. */
  readonly program?: URL;
}

interface Member {
  readonly role: Role;
  readonly worker: Worker;
  readonly adoptions: MessagePort;
  readonly signal: Int32Array;
  /** Sockets that are to outlive the thread. */
  sockets: readonly BoundSocket[] | undefined;
}

const PROGRAM = new URL('./worker-thread.ts', import.meta.url);

/** Octets of memory for composed answers of a thread that answers over TCP, at most: it is asked seldom. */
const STREAM_CACHE = 8 << 20;

/** Milliseconds before a thread that died twice within a second is started anew: one that always dies must not take the processor. */
const RESTART_MS = 1_000;

export class Pool {
  readonly counters: SharedArrayBuffer;
  readonly #settings: PoolSettings;
  readonly #image: Image;
  readonly #log: Logger;
  readonly #members = new Map<number, Member>();
  /** Sockets of threads that are dead and not replaced yet, by thread. */
  readonly #orphans = new Map<number, readonly BoundSocket[]>();
  #kernel: Kernel | string = 'not looked for yet';
  /** Where every thread listens: the addresses asked for, port 0 replaced by the one given. */
  #addresses: readonly ListenAddress[];
  #isStopping = false;
  /** When each thread was last started anew, milliseconds of the monotonic clock. */
  readonly #restartedAt = new Map<number, number>();
  /** Threads that died and were started anew. */
  restarts = 0;

  constructor(settings: PoolSettings, image: Image, log: Logger) {
    this.#settings = settings;
    this.#image = image;
    this.#log = log;
    this.#addresses = settings.listen;
    this.counters = createCounters(settings.workers + streamThreads(settings.workers));
  }

  /** Starts all threads. @returns the addresses bound @throws Error when one of them cannot be bound, naming it */
  async start(): Promise<readonly ListenAddress[]> {
    const { workers, useBatches } = this.#settings;
    for (const address of this.#settings.listen) await assertFree(address);
    this.#kernel = useBatches ? await openKernel() : 'switched off';
    const hasBatches = typeof this.#kernel !== 'string';
    this.#log.info(hasBatches ? { udp: 'batches' } : { udp: 'one by one', why: this.#kernel }, 'datagrams');
    // The first thread settles which port an address with port 0 gets; the others then share it.
    const role = hasBatches ? 'batches' : 'both';
    this.#addresses = await this.#spawn(0, role);
    const others = Array.from({ length: workers - 1 }, (_, i) => this.#spawn(i + 1, role));
    if (hasBatches) for (let i = 0; i < streamThreads(workers); i++) others.push(this.#spawn(workers + i, 'streams'));
    await Promise.all(others);
    return this.#addresses;
  }

  /** Hands new buffers of the image to every thread. */
  adopt(buffers: ImageBuffers): void {
    for (const { adoptions } of this.#members.values()) adoptions.postMessage(buffers);
  }

  /** Has the C library give memory back that it keeps for later, of all threads, where that can be asked for. */
  trimMemory(): void {
    if (typeof this.#kernel !== 'string') this.#kernel.trim();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(
      [...this.#members.values()].map(async ({ worker, adoptions, signal }) => {
        const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
        Atomics.store(signal, 0, 1);
        worker.postMessage('stop');
        await ended;
        adoptions.close();
      }),
    );
    this.#members.clear();
    if (typeof this.#kernel !== 'string')
      for (const { fd } of [...this.#orphans.values()].flat()) this.#kernel.close(fd);
    this.#orphans.clear();
  }

  #spawn(thread: number, role: Role, sockets?: readonly BoundSocket[]): Promise<readonly ListenAddress[]> {
    const { responder, tcp, stableFor } = this.#settings;
    const { port1, port2 } = new MessageChannel();
    const signal = new SharedArrayBuffer(4);
    port1.postMessage(this.#image.buffers);
    const data: WorkerData = {
      thread,
      role,
      addresses: this.#addresses,
      sockets,
      control: this.#image.control,
      counters: this.counters,
      settings:
        role === 'streams' ? { ...responder, cacheSize: Math.min(responder.cacheSize, STREAM_CACHE) } : responder,
      tcp,
      stableFor,
      adoptions: port2,
      signal,
    };
    const worker = new Worker(this.#settings.program ?? PROGRAM, { workerData: data, transferList: [port2] });
    const member: Member = { role, worker, adoptions: port1, signal: new Int32Array(signal), sockets };
    this.#members.set(thread, member);
    const { promise, resolve, reject } = Promise.withResolvers<readonly ListenAddress[]>();
    worker.on('message', (report: WorkerReport) => {
      if (report.kind === 'listening') {
        member.sockets = report.sockets;
        resolve(report.addresses);
      } else if (report.kind === 'failed') reject(new Error(`Cannot listen: ${report.message}`));
      else this.#log.error({ thread, why: report.message }, 'answer failed');
    });
    worker.on('error', (error) => {
      this.#log.error({ thread, err: error }, 'thread failed');
      reject(error);
    });
    worker.on('exit', () => {
      port1.close();
      if (this.#isStopping || this.#members.get(thread) !== member) return;
      this.#members.delete(thread);
      reject(new Error('Cannot listen: the thread ended'));
      // One that never listened is its starter's affair.
      promise.then(
        () => this.#restart(thread, member),
        () => {},
      );
    });
    return promise;
  }

  /** Puts another thread in a dead one's place, on the same sockets: what waits in them is answered. */
  #restart(thread: number, { role, sockets }: Pick<Member, 'role' | 'sockets'>): void {
    this.restarts++;
    const now = performance.now();
    const delay = now - (this.#restartedAt.get(thread) ?? Number.NEGATIVE_INFINITY) < RESTART_MS ? RESTART_MS : 0;
    this.#restartedAt.set(thread, now);
    if (sockets) this.#orphans.set(thread, sockets);
    setTimeout(() => {
      if (this.#isStopping) return;
      this.#orphans.delete(thread);
      this.#spawn(thread, role, sockets).then(
        () => this.#log.warn({ thread }, 'thread started anew'),
        (error: Error) => {
          this.#log.error({ thread, err: error }, 'thread cannot be started anew; it is tried again');
          this.#restart(thread, { role, sockets });
        },
      );
    }, delay);
  }
}

function streamThreads(workers: number): number {
  return Math.max(1, workers >> 1);
}
