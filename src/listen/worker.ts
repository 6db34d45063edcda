// The work of a thread that answers: its own responder, the shared image, and either a loop over batches of datagrams or
// listeners on Node's event loop. `pool.ts` starts the thread, `worker-thread.ts` is what it runs.
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Responder, type ResponderSettings, Transport } from '../answer/responder.ts';
import { Count, counterPage, counterSlice } from '../base/counters.ts';
import { collectGarbage } from '../base/memory.ts';
import { ImageReader } from '../zone/image-reader.ts';
import type { ImageBuffers } from '../zone/layout.ts';
import { ClientClasses, type Prefix } from './clients.ts';
import { openKernel } from './kernel.ts';
import type { ListenAddress, Listener, ListenerContext, TcpLimits } from './listener.ts';
import { TcpListener } from './tcp.ts';
import { UdpListener } from './udp.ts';
import { type BoundSocket, UdpBatch, WAIT_MS } from './udp-batch.ts';

/** What a thread moves: datagrams in batches, streams, or datagrams and streams where there are no batches. */
export type Role = 'batches' | 'streams' | 'both';

/** What a thread is started with. */
export interface WorkerData {
  readonly thread: number;
  readonly role: Role;
  readonly addresses: readonly ListenAddress[];
  /** Sockets of a thread that died, for `batches`: they hold what came in since. */
  readonly sockets: readonly BoundSocket[] | undefined;
  readonly control: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  readonly settings: ResponderSettings;
  readonly tcp: TcpLimits;
  /** Clients that get every set in a stable order. */
  readonly stableFor: readonly Prefix[];
  /**
   * Buffers of the image come in here, the first ones too: what a thread is started with is kept as long as it lives. New
   * ones come before the image says that there are any.
   */
  readonly adoptions: MessagePort;
  /** One word, 1 once the thread is to stop: a thread in a batch loop sees no message. */
  readonly signal: SharedArrayBuffer;
}

/** What a thread says to the pool. */
export type WorkerReport =
  | {
      readonly kind: 'listening';
      readonly addresses: readonly ListenAddress[];
      readonly sockets: readonly BoundSocket[] | undefined;
    }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'fault'; readonly message: string };

/** Milliseconds between two faults that are told; all are counted. A query that is fatal can be asked again and again. */
const FAULT_MS = 1_000;

/** Milliseconds between two looks for new buffers of a thread that nobody asks. */
const LOOK_MS = 1_000;

function createContext(port: MessagePort, data: WorkerData, Answerer: typeof Responder): ListenerContext {
  const image = new ImageReader(data.control, receiveMessageOnPort(data.adoptions)!.message as ImageBuffers);
  const counters = counterSlice(data.counters, data.thread);
  const responder = new Answerer(image, data.settings, counters);
  const clients = new ClientClasses(image, data.stableFor);
  let told = Number.NEGATIVE_INFINITY;
  return {
    responder,
    counters,
    maxUdpSize: data.settings.maxUdpSize,
    tcp: data.tcp,
    refresh() {
      if (!image.isOutdated) return;
      const { generation } = image;
      for (;;) {
        const received = receiveMessageOnPort(data.adoptions);
        if (!received) break;
        image.adopt(received.message as ImageBuffers);
      }
      responder.forget();
      // Answering leaves no garbage, so nothing else would ever make the engine let the old memory go.
      if (image.generation !== generation) collectGarbage();
    },
    fault(error, transport) {
      counterPage(counters, transport)[Count.FAULTS]!++;
      if (performance.now() - told < FAULT_MS) return;
      told = performance.now();
      const message = String(error instanceof Error ? error.stack : error);
      port.postMessage({ kind: 'fault', message } satisfies WorkerReport);
    },
    clientOf: (ip) => clients.ofText(ip),
    clientOfSocketAddress: (octets, at) => clients.ofSocketAddress(octets, at),
  };
}

/** Answers batch after batch until told to stop. A batch that fails costs only itself. */
async function serveBatches(port: MessagePort, data: WorkerData, context: ListenerContext): Promise<void> {
  const kernel = await openKernel();
  if (typeof kernel === 'string') throw new Error(kernel);
  const sockets =
    data.sockets ??
    data.addresses.map(({ ip, port: asked }) => {
      const bound = kernel.open(ip, asked, WAIT_MS);
      return { fd: bound.fd, address: { ip, port: bound.port } };
    });
  const batch = new UdpBatch(kernel, context, sockets);
  const signal = new Int32Array(data.signal);
  const report: WorkerReport = { kind: 'listening', addresses: sockets.map(({ address }) => address), sockets };
  port.postMessage(report);
  while (Atomics.load(signal, 0) === 0) {
    try {
      // While nobody asks, too: old memory would be kept as long.
      context.refresh();
      batch.turn();
    } catch (error) {
      context.fault(error, Transport.UDP);
    }
  }
  batch.drain();
}

/** Answers on the event loop until told to stop. */
async function serveEvents(port: MessagePort, data: WorkerData, context: ListenerContext): Promise<void> {
  const listeners: Listener[] = [];
  const addresses: ListenAddress[] = [];
  const listen = async (listener: Listener, address: ListenAddress): Promise<ListenAddress> => {
    const bound = await listener.start(address);
    listeners.push(listener);
    return bound;
  };
  try {
    for (const address of data.addresses) {
      const bound = data.role === 'both' ? await listen(new UdpListener(context), address) : address;
      addresses.push(await listen(new TcpListener(context), bound));
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.stop()));
    throw error;
  }
  port.postMessage({ kind: 'listening', addresses, sockets: undefined } satisfies WorkerReport);
  // While nobody asks, new buffers are looked for all the same: old memory would be kept as long.
  const looking = setInterval(() => context.refresh(), LOOK_MS);
  await new Promise<void>((resolve) => port.once('message', () => resolve()));
  clearInterval(looking);
  await Promise.all(listeners.map((listener) => listener.stop()));
}

/**
 * Answers until the pool says that it is enough.
 * @param Answerer makes the responder; tests give one that fails
 */
export async function work(port: MessagePort, data: WorkerData, Answerer: typeof Responder = Responder): Promise<void> {
  try {
    const context = createContext(port, data, Answerer);
    await (data.role === 'batches' ? serveBatches : serveEvents)(port, data, context);
  } catch (error) {
    port.postMessage({ kind: 'failed', message: (error as Error).message } satisfies WorkerReport);
  }
  data.adoptions.close();
  port.close();
}
