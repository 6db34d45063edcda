// A Mesos master followed by its events: POST /api/v1 with SUBSCRIBE (Mesos 1.1 and later) answers with the state and then
// with each change, framed as RecordIO, for ever. A silent master is dead: its heartbeats are watched.
import type { Cluster } from '../model/cluster.ts';
import type { MasterAddress } from '../model/masters.ts';
import { parseIp } from './address.ts';
import type { Fields } from './fields.ts';
import { isObject, objectOf, show } from './fields.ts';
import { HttpError } from './http.ts';
import { readMasterInfo } from './master-info.ts';
import { FrameworkPids } from './mesos-pids.ts';
import type { Session, SessionOptions } from './mesos-session.ts';
import { MesosView } from './mesos-view.ts';
import { RecordIoDecoder } from './recordio.ts';

export interface EventSessionOptions extends SessionOptions {
  /** Octets of the longest event; the first one is the whole state. */
  readonly maxRecord: number;
}

/** This master has no operator API, or none with events; its state can be polled. */
export class NoEventsError extends Error {
  override readonly name = 'NoEventsError';
}

/** Milliseconds for a small answer. */
const CALL_MS = 10_000;

/** Statuses of masters that know no /api/v1, or no such call there. */
const NOT_THERE = new Set([404, 405, 501]);

/** Heartbeats that may fail to come. */
const MISSED_HEARTBEATS = 3;

/** Seconds; what masters send unless they say otherwise. */
const HEARTBEAT_SECONDS = 15;

export class EventSession implements Session {
  readonly #options: EventSessionOptions;
  readonly #view: MesosView;
  readonly #pids: FrameworkPids;
  /** The leader's own address, as it says itself. */
  #address: MasterAddress | undefined;
  #origin: string;
  #hasState = false;
  /** Fires when the stream is to be given up. */
  readonly #ending = new AbortController();
  #watchdog: NodeJS.Timeout | undefined;

  constructor(options: EventSessionOptions) {
    this.#options = options;
    this.#origin = options.origin;
    this.#view = new MesosView({ resolve: options.resolve });
    this.#pids = new FrameworkPids(
      async () => this.#summary(),
      (event) => this.#apply(event),
    );
  }

  async run(): Promise<void> {
    const { signal, client, counters, maxRecord } = this.#options;
    const onAbort = () => this.#ending.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      await this.#findLeader();
      await this.#pids.read();
      const stream = await this.#calling(
        client.stream(`${this.#origin}/api/v1`, {
          method: 'POST',
          json: { type: 'SUBSCRIBE' },
          signal: this.#ending.signal,
        }),
      );
      counters.streams.add();
      this.#expect(this.#options.timeoutMs, 'no state');
      const decoder = new RecordIoDecoder(maxRecord);
      for await (const chunk of stream.body) for (const record of decoder.push(chunk)) this.#record(record);
      throw new Error(`${this.#origin}: the stream of events ${decoder.isMidRecord ? 'was cut within one' : 'ended'}`);
    } finally {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(this.#watchdog);
      this.#pids.stop();
      this.#ending.abort(new Error('the session ended'));
    }
  }

  refresh(): void {
    if (!this.#hasState) return;
    const change = { ...this.#view.resolveAgain(), masters: this.#masters() };
    this.#options.report.moved(change, this.#view.recoveredAgents.size, []);
  }

  /** Asks the master for itself: whoever answers leads, and the others send us there. */
  async #findLeader(): Promise<void> {
    const { client, origin } = this.#options;
    const { url, body } = await this.#calling(
      client.read(`${origin}/api/v1`, {
        method: 'POST',
        json: { type: 'GET_MASTER' },
        signal: this.#ending.signal,
        timeoutMs: CALL_MS,
      }),
    );
    this.#origin = url.origin;
    const answer = objectOf(parse(body, url.origin));
    const info = readMasterInfo(objectOf(answer.get_master).master_info);
    const host = parseIp(url.hostname.replace(/^\[|\]$/g, ''));
    if (info) this.#address = { ip: info.ip, port: info.port };
    else if (host !== undefined) this.#address = { ip: host, port: Number(url.port) };
  }

  async #calling<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (error instanceof HttpError && NOT_THERE.has(error.status ?? 0))
        throw new NoEventsError(`${error.message}; this master has no events`, { cause: error });
      throw error;
    }
  }

  /** The frameworks with their pids, which no event has. */
  async #summary(): Promise<unknown> {
    const { body, url } = await this.#options.client.read(`${this.#origin}/master/state-summary`, {
      signal: this.#ending.signal,
      timeoutMs: CALL_MS,
    });
    return parse(body, url.origin);
  }

  #record(record: Buffer): void {
    if (record.length === 0) return;
    const event = objectOf(parse(record, this.#origin));
    this.#options.counters.events.add();
    if (event.type === 'SUBSCRIBED') this.#subscribed(objectOf(event.subscribed));
    else if (!this.#hasState && event.type !== 'HEARTBEAT')
      throw new Error(`${this.#origin}: expected SUBSCRIBED as the first event, got ${show(event.type)}`);
    this.#watchdog?.refresh();
    if (this.#hasState) this.#apply(this.#pids.complete(event));
  }

  #subscribed({ get_state, heartbeat_interval_seconds: seconds }: Fields): void {
    if (!isObject(get_state))
      throw new Error(`${this.#origin}: expected the state in SUBSCRIBED, got ${show(get_state)}`);
    const interval = typeof seconds === 'number' && seconds > 0 ? seconds : HEARTBEAT_SECONDS;
    this.#expect(MISSED_HEARTBEATS * interval * 1000, 'no event');
    this.#hasState = true;
    this.#options.onGood(this.#origin);
  }

  #apply(event: unknown): void {
    const { report } = this.#options;
    const update = this.#view.apply(event);
    const missing = this.#view.recoveredAgents.size;
    if (update.kind === 'snapshot') report.whole(() => this.#cluster(), missing, update.problems);
    else report.moved(update.kind === 'change' ? update.change : {}, missing, update.problems);
  }

  #cluster(): Cluster {
    return { ...this.#view.cluster(), masters: this.#masters() };
  }

  #masters(): Cluster['masters'] {
    return this.#options.masters(this.#address);
  }

  /** Gives the stream up unless a record comes every so often, from now on. */
  #expect(ms: number, what: string): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#ending.abort(new Error(`${what} for ${ms / 1000} s`)), ms);
  }
}

function parse(octets: Buffer, origin: string): unknown {
  try {
    return JSON.parse(octets.toString('utf8'));
  } catch (cause) {
    throw new Error(`${origin}: expected JSON, got ${show(octets.toString('utf8', 0, 60))}`, { cause });
  }
}
