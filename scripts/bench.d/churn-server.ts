// A program that serves the tasks of a state and changes them when it is told to (by messages of its parent process): the
// update path in the main thread, the threads that answer beside it, as in `portolan serve`.
// churn-server.ts STATE WORKERS PORT; with 0 workers nothing listens.

import { Order } from '../../src/answer/responder.ts';
import { threadCounters } from '../../src/base/counters.ts';
import { createLog } from '../../src/base/log.ts';
import { Pool } from '../../src/listen/pool.ts';
import { LiveCluster } from './live-cluster.ts';
import { type RespondReport, respondTo } from './respond.ts';

/** What it is told. */
export type ChurnRequest =
  /** So many changes a second from now on; 0 for none. */
  | { readonly kind: 'churn'; readonly perSecond: number }
  /** One change now. */
  | { readonly kind: 'change' }
  /** So many changes, one after the other, and what they cost. */
  | { readonly kind: 'cost'; readonly changes: number }
  /** How often each thread has been asked over UDP. */
  | { readonly kind: 'asked' }
  /** So many queries through a responder in this thread, and what they leave behind. */
  | { readonly kind: 'respond'; readonly queries: number; readonly file: string };

/** What it says; each request but `churn` is answered. */
export type ChurnReport =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'changed';
      readonly name: string;
      readonly address: string;
      /** When the source reported it and when it was published: nanoseconds of the clock that all processes share. */
      readonly reportedAt: string;
      readonly publishedAt: string;
    }
  /** Microseconds of processor time for each. */
  | { readonly kind: 'cost'; readonly microseconds: number }
  | { readonly kind: 'asked'; readonly counts: readonly number[] }
  | ({ readonly kind: 'respond' } & RespondReport);

/** Changes that are made in one go when the timer comes late. */
const MAX_BURST = 100;

const [path, workers, port] = process.argv.slice(2);
const report = (message: ChurnReport): void => void process.send!(message);

let pool: Pool | undefined;
const cluster = new LiveCluster(path!, (buffers) => pool?.adopt(buffers));
const { config } = cluster;
const settings = {
  maxUdpSize: config.answers.maxUdpSize,
  order: Order.ROTATE,
  cacheSize: config.answers.cacheOctets,
  nsid: Buffer.alloc(0),
  keepaliveSeconds: Math.floor(config.tcp.idleMs / 1000),
  chaos: new Map<string, string>(),
};
await cluster.load();
if (Number(workers) > 0) {
  pool = new Pool(
    {
      workers: Number(workers),
      listen: [{ ip: '127.0.0.1', port: Number(port) }],
      responder: settings,
      tcp: {
        idleMs: config.tcp.idleMs,
        messageMs: config.tcp.messageDeadlineMs,
        maxConnections: config.tcp.maxConnections,
        maxConnectionsPerClient: config.tcp.maxConnectionsPerClient,
        maxQueuedOctets: config.tcp.maxQueuedOctets,
      },
      stableFor: [],
      useBatches: true,
    },
    cluster.image,
    createLog('error'),
  );
  await pool.start();
}

let timer: NodeJS.Timeout | undefined;

/** Spreads the changes evenly: one at a time, and those that are due when the timer comes. */
function churn(perSecond: number): void {
  clearInterval(timer);
  if (perSecond === 0) return;
  const started = performance.now();
  let made = 0;
  timer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * perSecond);
    for (let burst = 0; made < due && burst < MAX_BURST; burst++, made++) cluster.change();
  }, 1000 / perSecond);
}

process.on('message', async (request: ChurnRequest) => {
  switch (request.kind) {
    case 'churn':
      churn(request.perSecond);
      return;
    case 'change': {
      const reportedAt = String(process.hrtime.bigint());
      const change = cluster.change();
      report({ kind: 'changed', ...change, reportedAt, publishedAt: String(process.hrtime.bigint()) });
      return;
    }
    case 'cost': {
      const before = process.cpuUsage();
      for (let i = 0; i < request.changes; i++) cluster.change();
      const { user, system } = process.cpuUsage(before);
      report({ kind: 'cost', microseconds: (user + system) / request.changes });
      return;
    }
    case 'asked':
      report({
        kind: 'asked',
        counts: threadCounters(pool!.counters).map(({ udp }) => udp?.portolan_queries_total ?? 0),
      });
      return;
    case 'respond':
      report({ kind: 'respond', ...respondTo(cluster.image, settings, request) });
  }
});
process.on('disconnect', () => process.exit(0));
report({ kind: 'ready' });
