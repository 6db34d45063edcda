// A pool of threads over one small zone, in the process of the test.
import { Order } from '../../src/answer/responder.ts';
import type { Logger } from '../../src/base/log.ts';
import type { ListenAddress } from '../../src/listen/listener.ts';
import { Pool, type PoolSettings } from '../../src/listen/pool.ts';
import { fold, parseName } from '../../src/wire/name.ts';
import { Image } from '../../src/zone/image.ts';
import { ZoneStore } from '../../src/zone/store.ts';
import { apexOf, rrs } from '../answer/desk.ts';

const ORIGIN = parseName('example.org');

/** A line of the log. */
export type LogLine = { readonly level: string; readonly msg: string } & Readonly<Record<string, unknown>>;

/** The pool, its zone and what it says. */
export interface PoolDesk {
  readonly pool: Pool;
  readonly addresses: readonly ListenAddress[];
  /** Of the first address. */
  readonly port: number;
  readonly log: readonly LogLine[];
  /** Publishes records under a key, in place of those that it had; `text` has one a line. */
  put(key: string, text: string): void;
}

/** How often another port is tried: the one that UDP was given may be a connection's of some other test. */
const TRIES = 5;

/** Starts a pool that knows www.example.org. @throws Error when an address cannot be bound */
export async function startDesk(settings: Partial<PoolSettings>): Promise<PoolDesk> {
  for (let tried = 1; ; tried++) {
    const { start, stop } = makeDesk(settings);
    try {
      return await start();
    } catch (error) {
      await stop();
      const isChosen = settings.listen?.some(({ port }) => port !== 0) ?? false;
      if (isChosen || tried === TRIES || !String(error).includes('EADDRINUSE')) throw error;
    }
  }
}

function makeDesk(settings: Partial<PoolSettings>): {
  readonly start: () => Promise<PoolDesk>;
  readonly stop: () => Promise<void>;
} {
  const log: LogLine[] = [];
  const image: Image = new Image((buffers) => pool.adopt(buffers));
  const pool = new Pool(
    {
      workers: 2,
      listen: [{ ip: '127.0.0.1', port: 0 }],
      useBatches: true,
      stableFor: [],
      responder: {
        maxUdpSize: 1232,
        order: Order.ROTATE,
        cacheSize: 1 << 20,
        nsid: Buffer.alloc(0),
        keepaliveSeconds: 10,
        chaos: new Map(),
      },
      tcp: {
        idleMs: 10_000,
        messageMs: 5_000,
        maxConnections: 100,
        maxConnectionsPerClient: 50,
        maxQueuedOctets: 1 << 20,
      },
      ...settings,
    },
    image,
    listLog(log),
  );
  const store = new ZoneStore(image, Date.now);
  const put = (key: string, text: string): void => {
    store.set(key, [{ zone: fold(ORIGIN), records: rrs(text) }]);
    store.commit();
  };
  store.addZone(ORIGIN);
  put('file', `${apexOf('example.org')}\nwww.example.org 60 A 192.0.2.1`);
  const start = async (): Promise<PoolDesk> => {
    const addresses = await pool.start();
    return { pool, addresses, port: addresses[0]!.port, log, put };
  };
  return { start, stop: () => pool.stop() };
}

/** A log that is a list. */
function listLog(lines: LogLine[]): Logger {
  const at = (level: string) => (fields: unknown, msg?: string) => {
    lines.push(typeof fields === 'string' ? { level, msg: fields } : { level, msg: msg ?? '', ...(fields as object) });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') };
}
