// Who leads a Mesos cluster, from ZooKeeper: masters stand for election with ephemeral, numbered nodes, and the lowest
// number leads. An adapter over node-zookeeper-client, which does not notice a dead server, does not come back from an
// expired session and may mix up two connections: so there is one client a connection, and it is asked regularly.
import zookeeper from 'node-zookeeper-client';
import { Backoff, sleep } from './backoff.ts';
import type { MasterInfo } from './master-info.ts';
import { decodeMasterInfo, parseMasterInfo } from './master-info.ts';

/** `zk://user:password@host:port,host:port/path`, taken apart. */
export interface ZooKeeperUrl {
  /** `host:port,host:port` */
  readonly servers: string;
  /** Where the masters stand for election: `/mesos`. */
  readonly path: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

const ZK_URL = /^zk:\/\/(?:([^@/]*)@)?([^@/]+)(\/[^\s]+)$/;
const SERVER = /^[A-Za-z0-9._-]+(?::\d{1,5})?$/;

/** @returns undefined when the text is no such URL */
export function parseZooKeeperUrl(text: string): ZooKeeperUrl | undefined {
  const [, login, servers = '', path = ''] = ZK_URL.exec(text) ?? [];
  if (servers === '' || !servers.split(',').every((server) => SERVER.test(server))) return undefined;
  if (/\/\/|\/$/.test(path)) return undefined;
  const colon = login?.indexOf(':') ?? -1;
  const user = colon < 0 ? login : login!.slice(0, colon);
  return { servers, path, user: user || undefined, password: colon < 0 ? undefined : login!.slice(colon + 1) };
}

export interface ZooKeeperOptions {
  readonly url: ZooKeeperUrl;
  /** Milliseconds after which a server that does not answer is given up. */
  readonly sessionMs?: number | undefined;
  /** All masters, the leader first. Never called with none: losing the masters of sight does not make them go away. */
  readonly onMasters: (masters: readonly MasterInfo[]) => void;
  /** The masters cannot be read now; the last ones stay in force. */
  readonly onTrouble: (message: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  readonly random?: (() => number) | undefined;
}

/** Milliseconds; short enough that a leader found by another way is not long ignored. */
const SESSION_MS = 10_000;

/** How often the nodes are read without any event, as a part of the session's time: a watch can get lost. */
const READS_A_SESSION = 3;

/** Follows the masters. A lost connection is made anew, with growing pauses, for ever. */
export class ZooKeeperMasters {
  readonly #options: ZooKeeperOptions;
  readonly #backoff: Backoff;
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: ZooKeeperOptions) {
    const { now, random } = options;
    this.#options = options;
    this.#backoff = new Backoff({ firstMs: 250, maxMs: 10_000, settledMs: 10_000, now, random });
  }

  /** Resolves once the first attempt has ended, in masters or in trouble. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#running = this.#run(resolve).finally(resolve);
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(onFirst: () => void): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const { url, sessionMs = SESSION_MS } = this.#options;
      const connection = new Connection(url, sessionMs);
      const onAbort = () => connection.fail('stopped');
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await connection.open();
        for (;;) {
          await this.#read(connection);
          this.#backoff.good();
          onFirst();
          await connection.changeOr(sessionMs / READS_A_SESSION);
        }
      } catch (error) {
        if (!signal.aborted) this.#options.onTrouble(`Cannot read the masters from ${place(url)}: ${explain(error)}`);
      } finally {
        signal.removeEventListener('abort', onAbort);
        connection.close();
      }
      onFirst();
      await sleep(this.#backoff.failed(), signal);
    }
  }

  /** Reads the nodes. A node that goes away in between is left out, and the watch brings us back. */
  async #read(connection: Connection): Promise<void> {
    const { url, onMasters } = this.#options;
    const nodes = electionNodes(await connection.children(url.path));
    const masters: MasterInfo[] = [];
    for (const { name, isJson } of nodes) {
      const data = await connection.data(`${url.path}/${name}`);
      if (data === undefined) continue;
      const info = isJson ? parseMasterInfo(data) : decodeMasterInfo(data);
      if (info) masters.push(info);
      // Whoever comes next does not lead because of that.
      else if (masters.length === 0) throw new Error(`the node ${name} does not say where its master is`);
    }
    if (masters.length === 0) throw new Error('no master stands for election there');
    onMasters(masters);
  }
}

/** The nodes of the candidates, one each, in the order in which they lead: JSON where a master wrote both forms. */
export function electionNodes(children: readonly string[]): { readonly name: string; readonly isJson: boolean }[] {
  const bySequence = new Map<number, { name: string; isJson: boolean }>();
  for (const name of children) {
    const [, json, digits] = /^(json\.)?info_(\d+)$/.exec(name) ?? [];
    if (digits === undefined) continue;
    const isJson = json !== undefined;
    if (isJson || !bySequence.has(Number(digits))) bySequence.set(Number(digits), { name, isJson });
  }
  return [...bySequence].sort(([a], [b]) => a - b).map(([, node]) => node);
}

/** Milliseconds for a client to take its leave. */
const LAST_WORDS_MS = 100;

/** States of `Inside`. */
const DISCONNECTED = 0;
const CLOSED = -2;

/**
 * What the client keeps to itself and we cannot do without: it does not tell of a connect that failed, waits for ever for
 * a server that is silent, and throws out of a socket's event, which would end the process, for an answer it cannot read.
 */
interface Inside {
  readonly state: number;
  readonly socket?: { destroy(): void } | undefined;
  on(event: 'state', listener: (state: number) => void): unknown;
  /** Looked up anew for each socket. */
  onSocketData: (octets: Buffer) => void;
}

/** One client from its connecting to its first failure. Every wait on it ends with that failure at the latest. */
class Connection {
  readonly #client: zookeeper.Client;
  readonly #sessionMs: number;
  #failure: Error | undefined;
  /** Ends the wait that is on. */
  readonly #waiting = new Set<(error: Error) => void>();
  #isOpen = false;
  /** Whether the children changed since they were read. */
  #isChanged = false;
  #wake: () => void = () => {};
  /** One function for all reads: the client keeps every other one that it is given. */
  readonly #onChange = (): void => {
    this.#isChanged = true;
    this.#wake();
  };

  constructor({ servers, user, password }: ZooKeeperUrl, sessionMs: number) {
    this.#sessionMs = sessionMs;
    this.#client = zookeeper.createClient(servers, { sessionTimeout: sessionMs, retries: 0 });
    if (user !== undefined) this.#client.addAuthInfo('digest', Buffer.from(`${user}:${password ?? ''}`));
    const inside = this.#inside();
    const read = inside.onSocketData;
    inside.onSocketData = (octets) => {
      // A client that was closed takes the welcome of a new connection for an answer.
      if (this.#failure) return;
      try {
        read.call(inside, octets);
      } catch (error) {
        this.fail(`what it says cannot be read: ${(error as Error).message}`);
      }
    };
    let attempts = servers.split(',').length;
    inside.on('state', (state) => {
      if (state !== DISCONNECTED) return;
      if (this.#isOpen) this.fail('the connection was lost');
      else if (--attempts === 0) this.fail('no server takes a connection');
    });
    this.#client.on('expired', () => this.fail('the session expired'));
    this.#client.on('authenticationFailed', () => this.fail('user and password are refused'));
  }

  async open(): Promise<void> {
    await this.#within(this.#sessionMs, 'no connection', (done) => {
      this.#client.once('connected', () => {
        this.#isOpen = true;
        done(undefined);
      });
      this.#client.connect();
    });
  }

  /** From here on the children are watched, too. */
  children(path: string): Promise<string[]> {
    this.#isChanged = false;
    return this.#within(this.#sessionMs, 'no answer', (done, reject) =>
      this.#client.getChildren(path, this.#onChange, (error, children) => (error ? reject(error) : done(children))),
    );
  }

  /** @returns undefined when there is no such node (any more) */
  data(path: string): Promise<Buffer | undefined> {
    return this.#within(this.#sessionMs, 'no answer', (done, reject) =>
      this.#client.getData(path, (error, data) => {
        if (!error) done(data ?? Buffer.alloc(0));
        else if (codeOf(error) === zookeeper.Exception.NO_NODE) done(undefined);
        else reject(error);
      }),
    );
  }

  /** Waits until the children change, but no longer than that. */
  changeOr(ms: number): Promise<void> {
    return this.#within(ms, undefined, (done) => {
      this.#wake = () => done(undefined);
      if (this.#isChanged) this.#wake();
    });
  }

  fail(why: string): void {
    this.#failure ??= new Error(why);
    for (const reject of this.#waiting) reject(this.#failure);
  }

  close(): void {
    this.fail('closed');
    const inside = this.#inside();
    const end = (): void => {
      if (inside.state === CLOSED) return;
      inside.socket?.destroy();
      setTimeout(end, LAST_WORDS_MS).unref();
    };
    // The client reconnects right after it has told of a loss; only then can it be closed for good.
    setImmediate(() => {
      this.#client.close();
      setTimeout(end, LAST_WORDS_MS).unref();
    });
  }

  #inside(): Inside {
    return (this.#client as unknown as { readonly connectionManager: Inside }).connectionManager;
  }

  /** @param late what to say when the time is over; undefined: that is no failure */
  #within<T>(
    ms: number,
    late: string | undefined,
    work: (done: (value: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let onFailure: (error: Error) => void = () => {};
    const result = new Promise<T>((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      onFailure = reject;
      this.#waiting.add(onFailure);
      const onTime = () =>
        late === undefined ? resolve(undefined as T) : reject(new Error(`${late} within ${ms} ms`));
      timer = setTimeout(onTime, ms);
      work(resolve, reject);
    });
    return result.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(onFailure);
    });
  }
}

function codeOf(error: Error | zookeeper.Exception): number | undefined {
  return 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  switch (codeOf(error)) {
    case zookeeper.Exception.NO_NODE:
      return 'there is no such node; is the path right?';
    case zookeeper.Exception.NO_AUTH:
      return 'it may not be read without the right user and password';
    case zookeeper.Exception.CONNECTION_LOSS:
      return 'the connection was lost';
    default:
      return error.message;
  }
}

/** Without the password. */
function place({ servers, path }: ZooKeeperUrl): string {
  return `zk://${servers}${path}`;
}
