// A live Marathon: its apps and pods are read whole when its event stream hints that something changed, and from time to
// time in any case. What it said last stays in force while it cannot be read.
import { z } from 'zod';
import { timeout } from '../base/units.ts';
import { Backoff } from './backoff.ts';
import { Debounce } from './debounce.ts';
import type { SourceContext, SourceDefinition } from './definition.ts';
import { HostNames } from './host-names.ts';
import { HttpClient } from './http.ts';
import { httpShape } from './http-settings.ts';
import type { EventTimes } from './marathon-events.ts';
import { EVENT_TIMES, MarathonEvents } from './marathon-events.ts';
import { MarathonReader } from './marathon-reader.ts';
import type { Source, SourceSink } from './source.ts';

const URLS = 'a list of http or https URLs such as "http://marathon.example.org:8080", without user or query';

function isBaseUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null && /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === ''
  );
}

const configuration = z.strictObject({
  kind: z.literal('marathon'),
  name: z
    .string({ error: 'a name' })
    .min(1, { error: 'a name' })
    .optional()
    .describe('What it is called in logs and metrics; its first URL when absent'),
  urls: z
    .array(
      z
        .string({ error: URLS })
        .refine(isBaseUrl, { error: URLS })
        .transform((text) => text.replace(/\/+$/, '')),
      { error: URLS },
    )
    .min(1, { error: URLS })
    .describe('One Marathon: the URLs of all its nodes; the leader is found from any of them'),
  framework: z
    .string({ error: 'a name' })
    .min(1, { error: 'a name' })
    .optional()
    .describe('Its framework name; what it says itself (/v2/info) when absent'),
  pollEvery: timeout('120s').prefault('120s').describe('Longest time between two readings, with events or without'),
  debounce: timeout('200ms').prefault('200ms').describe('Events that follow each other faster are read for together'),
  debounceMax: timeout('2s').prefault('2s').describe('The longest that an event waits for others'),
  ...httpShape,
});

export type MarathonSettings = z.output<typeof configuration>;

export const MARATHON = {
  kind: 'marathon',
  configuration,
  create: (settings, context) => new MarathonSource(settings, context),
} satisfies SourceDefinition<MarathonSettings>;

/** Times that are no settings, in milliseconds; tests have shorter ones. */
export interface MarathonTimes {
  /** Before the first new reading after one that failed, at most; the last such pause is `pollEvery`. */
  readonly firstRetryMs: number;
  /** That a reading waits for the addresses of agents that it names for the first time. */
  readonly lookUpMs: number;
  readonly events: EventTimes;
}

/** What tests replace. */
export interface MarathonParts {
  readonly times?: Partial<MarathonTimes> | undefined;
  /** Addresses of a host name; the operating system's resolver when absent. */
  readonly lookUp?: ((host: string) => Promise<readonly string[]>) | undefined;
}

const TIMES: MarathonTimes = { firstRetryMs: 1_000, lookUpMs: 3_000, events: EVENT_TIMES };

export class MarathonSource implements Source {
  readonly name: string;
  readonly #settings: MarathonSettings;
  readonly #context: SourceContext;
  readonly #times: MarathonTimes;
  readonly #client: HttpClient;
  readonly #events: MarathonEvents;
  readonly #debounce: Debounce;
  readonly #hosts: HostNames;
  readonly #reader: MarathonReader;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #tried = Promise.withResolvers<void>();
  #sink: SourceSink | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  /** Whether something may have changed since the reading that is under way began. */
  #isOutdated = false;
  /** Why the event stream is gone; absent while it is open. */
  #lostBecause: string | undefined;

  constructor(settings: MarathonSettings, context: SourceContext, { times, lookUp }: MarathonParts = {}) {
    const { urls, debounce, debounceMax, pollEvery } = settings;
    const { now, secret, log } = context;
    this.#times = { ...TIMES, ...times };
    this.name = `marathon ${settings.name ?? urls[0]}`;
    this.#settings = settings;
    this.#context = context;
    const origins = new Set(urls.map((url) => new URL(url).origin));
    this.#client = new HttpClient({ settings, secret, now, isKnown: (origin) => origins.has(origin) });
    this.#debounce = new Debounce({ quietMs: debounce, maxMs: debounceMax, now, run: () => this.#read() });
    this.#events = new MarathonEvents({
      client: this.#client,
      urls,
      now,
      times: this.#times.events,
      onHint: () => this.#debounce.hint(),
      onAttached: () => {
        this.#lostBecause = undefined;
        log.info({ source: this.name }, 'event stream open');
      },
      onLost: (why) => this.#eventsLost(why),
    });
    this.#hosts = new HostNames({
      lookUp,
      onFailure: (host, why) => log.warn({ source: this.name, host, why }, 'host name has no address'),
    });
    this.#reader = new MarathonReader({
      client: this.#client,
      urls,
      framework: settings.framework,
      hosts: this.#hosts,
      lookUpMs: this.#times.lookUpMs,
    });
    this.#backoff = new Backoff({ firstMs: this.#times.firstRetryMs, maxMs: pollEvery, settledMs: 0, now });
  }

  async start(sink: SourceSink): Promise<void> {
    this.#sink = sink;
    this.#hosts.onChange(() => {
      if (this.#reader.hostsChanged()) this.#debounce.hint();
    });
    void this.#read();
    await this.#tried.promise;
    // Once it is open all is read again, so that nothing is missed in between.
    if (!this.#stop.signal.aborted) this.#events.start();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#tried.resolve();
    clearTimeout(this.#timer);
    this.#debounce.stop();
    this.#hosts.stop();
    await this.#events.stop();
    await this.#reading;
    await this.#client.close();
  }

  #eventsLost(why: string): void {
    const { log, metrics } = this.#context;
    metrics
      .counter('portolan_source_stream_failures_total', 'Event streams that ended or could not be had.', {
        source: this.name,
      })
      .add();
    // A long outage fills no log.
    if (this.#lostBecause === why) return;
    this.#lostBecause = why;
    log.warn({ source: this.name, why, readEverySeconds: this.#settings.pollEvery / 1000 }, 'event stream lost');
  }

  /** Reads everything now, or again once the reading that is under way has ended. */
  #read(): Promise<void> {
    this.#isOutdated = true;
    this.#reading ??= this.#readUntilCurrent().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readUntilCurrent(): Promise<void> {
    clearTimeout(this.#timer);
    let waitMs = this.#settings.pollEvery;
    while (this.#isOutdated && !this.#stop.signal.aborted) {
      this.#isOutdated = false;
      try {
        const reading = await this.#reader.read(this.#stop.signal);
        this.#backoff.good();
        // Nothing new is news, too: that it still is so.
        if (reading) this.#sink!.snapshot(reading.cluster, reading.problems);
        else this.#sink!.change({});
        waitMs = this.#settings.pollEvery;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        waitMs = this.#backoff.failed();
        this.#sink!.trouble(error instanceof Error ? error.message : String(error));
      }
      this.#tried.resolve();
    }
    if (!this.#stop.signal.aborted) this.#timer = setTimeout(() => void this.#read(), waitMs);
  }
}
