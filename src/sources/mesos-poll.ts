// A Mesos master followed by reading its whole state again and again, as Mesos-DNS does: for masters without events. An
// answer that is the one before, octet for octet, is not read.
import { createHash } from 'node:crypto';
import type { Cluster } from '../model/cluster.ts';
import { parsePid } from './address.ts';
import { listOf, show } from './fields.ts';
import { type HttpAnswer, HttpError } from './http.ts';
import { JsonError } from './json.ts';
import { JsonScanner } from './json-scan.ts';
import { hostPort, originOf } from './mesos-leader.ts';
import type { Session, SessionOptions } from './mesos-session.ts';
import { MesosStateReader } from './mesos-state.ts';
import type { Reading } from './reading.ts';

export interface PollSessionOptions extends SessionOptions {
  /** Milliseconds between two readings; up to a tenth more or less, so that not everybody asks at once. */
  readonly everyMs: number;
  /** 0 to below 1. */
  readonly random: () => number;
}

/** Where masters tell their state; the second is the name that Mesos 0.2x has and 1.8 has no more. */
const PATHS = ['/master/state', '/master/state.json'];

export class PollSession implements Session {
  readonly #options: PollSessionOptions;
  #origin: string;
  #path = PATHS[0]!;
  /** The leader of the first reading; when another one answers, the session has done its work. */
  #leads: string | undefined;
  readonly #reader: MesosStateReader;
  #hash = '';
  #cluster: Cluster | undefined;
  #wake: () => void = () => {};

  constructor(options: PollSessionOptions) {
    this.#options = options;
    this.#origin = options.origin;
    this.#reader = new MesosStateReader({ resolve: options.resolve });
  }

  async run(): Promise<void> {
    const { signal, onGood } = this.#options;
    for (;;) {
      const { url, body } = await this.#readLeader();
      if (this.#leads !== undefined && this.#leads !== url.origin) return;
      this.#leads = url.origin;
      this.#origin = url.origin;
      this.#take(body, url.origin);
      onGood(url.origin);
      await this.#pause();
      signal.throwIfAborted();
    }
  }

  /** Reads again at once, even what is the same. */
  refresh(): void {
    this.#hash = '';
    this.#wake();
  }

  #take(body: Buffer, origin: string): void {
    const { report, masters, counters } = this.#options;
    counters.polls.add();
    const hash = createHash('sha1').update(body).digest('base64');
    const missing = countRecovered(body, origin);
    if (hash === this.#hash && this.#cluster) {
      counters.samePolls.add();
      report.moved({}, missing, []);
      return;
    }
    const { cluster, problems } = this.#readState(body, origin);
    this.#cluster = { ...cluster, masters: masters(cluster.masters?.leader) };
    this.#hash = hash;
    report.whole(() => this.#cluster!, missing, problems);
  }

  #readState(body: Buffer, origin: string): Reading {
    try {
      return this.#reader.read(body);
    } catch (error) {
      throw explained(error, origin);
    }
  }

  /** The state of the master that leads. Old masters that do not lead tell their own, empty one. */
  async #readLeader(): Promise<HttpAnswer> {
    const answer = await this.#read(this.#origin);
    const leader = leaderElsewhere(answer);
    if (leader === undefined) return answer;
    const scheme = answer.url.protocol === 'https:' ? 'https' : 'http';
    const second = await this.#read(originOf(scheme, leader));
    if (leaderElsewhere(second) !== undefined)
      throw new Error(`${second.url.origin}: ${answer.url.origin} says that it leads, itself it says another`);
    return second;
  }

  async #read(origin: string): Promise<HttpAnswer> {
    const { client, signal, timeoutMs } = this.#options;
    const read = (path: string) => client.read(origin + path, { signal, timeoutMs });
    try {
      return await read(this.#path);
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 404) throw error;
      const other = PATHS.find((path) => path !== this.#path)!;
      const answer = await read(other);
      this.#path = other;
      return answer;
    }
  }

  #pause(): Promise<void> {
    const { signal, everyMs, random } = this.#options;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, everyMs * (0.9 + random() / 5));
      this.#wake = end;
      signal.addEventListener('abort', end, { once: true });
    });
  }
}

/** `host:port` of the leader when it is not the one that answered. */
function leaderElsewhere({ body, url }: HttpAnswer): string | undefined {
  let pid: unknown;
  let leader: unknown;
  try {
    const scanner = new JsonScanner(body);
    scanner.object((name) => {
      if (name === 'pid') pid = scanner.value();
      else if (name === 'leader') leader = scanner.value();
      else scanner.skip();
      return pid === undefined || leader === undefined;
    });
  } catch (error) {
    throw explained(error, url.origin);
  }
  const parsed = typeof leader === 'string' ? parsePid(leader) : undefined;
  if (!parsed) throw new Error(`${url.origin}: expected a state with its leader, got ${show(leader)}; none is elected`);
  return typeof pid === 'string' && pid !== leader ? hostPort(parsed.host, parsed.port) : undefined;
}

/**
 * Agents that a new leader expects back (Mesos 1.2 and later).
 * @throws Error for a document that is no whole state: it would read as one in which nothing runs
 */
function countRecovered(body: Buffer, origin: string): number {
  let count = 0;
  let isState = false;
  const scanner = new JsonScanner(body);
  scanner.object((name) => {
    isState ||= name === 'frameworks';
    // Mesos writes this list before the frameworks, which are nearly all of the document.
    if (isState) return false;
    if (name === 'recovered_slaves') count = listOf(scanner.value()).length;
    else scanner.skip();
    return true;
  });
  if (!isState) throw new Error(`${origin}: expected a state, got a document without frameworks`);
  return count;
}

function explained(error: unknown, origin: string): Error {
  if (!(error instanceof JsonError)) return error as Error;
  const { line, column } = error.position;
  return new Error(`${origin}: line ${line}, column ${column} of its state: ${error.reason}`, { cause: error });
}
