// A live Mesos cluster as a source: finds the master that leads, follows it by its events or by polling, and starts anew,
// with growing pauses, whenever that ends. What was reported stays until a master tells otherwise.
import { z } from 'zod';
import { timeout } from '../base/units.ts';
import type { MasterAddress, Masters } from '../model/masters.ts';
import { parseHostPort } from './address.ts';
import { Backoff, sleep } from './backoff.ts';
import type { SourceContext, SourceDefinition } from './definition.ts';
import { HostNames } from './host-names.ts';
import { HttpClient } from './http.ts';
import { httpShape, variable } from './http-settings.ts';
import { MesosMasters } from './mesos-leader.ts';
import { PollSession } from './mesos-poll.ts';
import { MesosReport } from './mesos-report.ts';
import type { Session, SessionCounters, SessionOptions } from './mesos-session.ts';
import { EventSession, NoEventsError } from './mesos-stream.ts';
import type { Source, SourceSink } from './source.ts';
import { parseZooKeeperUrl, type ZooKeeperUrl } from './zookeeper.ts';

const MASTER = 'a host and port such as "192.0.2.1:5050"';
const ZOOKEEPER =
  'a URL such as "zk://192.0.2.1:2181,192.0.2.2:2181/mesos", without a password: zkPasswordEnv names its variable';

/** Settings of a source of kind `mesos`; the `error` of a check says what is expected. */
const configuration = z
  .strictObject({
    kind: z.literal('mesos'),
    name: z
      .string({ error: 'a name' })
      .min(1, { error: 'a name' })
      .optional()
      .describe('What the cluster is called in logs and metrics; its masters when absent'),
    masters: z
      .array(
        z.string({ error: MASTER }).refine((text) => Number(parseHostPort(text)?.port) > 0 && !/[/@\s]/.test(text), {
          error: MASTER,
        }),
        { error: 'a list of hosts and ports' },
      )
      .prefault([])
      .describe('Masters, in the order of their names master0, master1, ...; the one that leads is found'),
    zk: z
      .string({ error: ZOOKEEPER })
      .refine((text) => parseZooKeeperUrl(text)?.password === undefined && parseZooKeeperUrl(text) !== undefined, {
        error: ZOOKEEPER,
      })
      .optional()
      .describe(
        'Where in ZooKeeper the masters stand: zk://host:port,host:port/path, with user@ before the hosts if need be',
      ),
    zkPasswordEnv: variable.optional().describe('Environment variable that holds the password of the user in zk'),
    api: z
      .enum(['auto', 'events', 'state'], { error: 'one of "auto", "events", "state"' })
      .prefault('auto')
      .describe('events: the stream of /api/v1; state: poll /master/state; auto: events where the master has them'),
    pollEvery: timeout('30s').prefault('30s').describe('Time between two readings of the state'),
    waitForAgents: timeout('10m')
      .prefault('10m')
      .describe('After a change of leader: how long agents are waited for before they count as gone'),
    ...httpShape,
  })
  .refine(({ masters, zk }) => masters.length > 0 || zk !== undefined, { path: ['masters'], error: 'masters, or zk' })
  .refine(({ zk, zkPasswordEnv }) => zkPasswordEnv === undefined || parseZooKeeperUrl(zk ?? '')?.user !== undefined, {
    path: ['zkPasswordEnv'],
    error: 'no password, because zk names no user',
  });

export type MesosSettings = z.output<typeof configuration>;

export const MESOS = {
  kind: 'mesos',
  configuration,
  create: (settings, context) => new MesosSource(settings, context),
} satisfies SourceDefinition<MesosSettings>;

/** Times that are no settings, in milliseconds; tests have shorter ones. */
export interface MesosTimes {
  /** Before the first new attempt, at most. */
  readonly firstRetryMs: number;
  /** Before any attempt, at most (as in dcos-net). */
  readonly lastRetryMs: number;
  /** After the return of the last agent, for its tasks (as in dcos-net). */
  readonly settleMs: number;
  /** For a server of ZooKeeper to answer. */
  readonly zooKeeperMs: number;
}

const TIMES: MesosTimes = { firstRetryMs: 500, lastRetryMs: 30_000, settleMs: 10_000, zooKeeperMs: 10_000 };

/** Milliseconds in which changes of host names are gathered. */
const REFRESH_AFTER_MS = 100;

/** Milliseconds that a connection must live for failures before it to be forgotten. */
const SETTLED_MS = 60_000;

export class MesosSource implements Source {
  readonly name: string;
  readonly #settings: MesosSettings;
  readonly #times: MesosTimes;
  readonly #hosts: HostNames;
  readonly #masters: MesosMasters;
  readonly #client: HttpClient;
  readonly #backoff: Backoff;
  readonly #counters: SessionCounters;
  readonly #stopped = new AbortController();
  /** Ends the present session or pause, for another attempt. */
  #turn = new AbortController();
  #session: Session | undefined;
  #running: Promise<void> | undefined;
  #refreshing: NodeJS.Timeout | undefined;

  constructor(settings: MesosSettings, context: SourceContext, times: Partial<MesosTimes> = {}) {
    const { now, secret, log } = context;
    this.#settings = settings;
    this.#times = { ...TIMES, ...times };
    const zooKeeper = zooKeeperOf(settings, secret);
    this.name = `mesos ${settings.name ?? (settings.masters.join(',') || `${zooKeeper!.servers}${zooKeeper!.path}`)}`;
    this.#hosts = new HostNames({
      onFailure: (host, why) => log.warn({ source: this.name, host, why }, 'host name has no address'),
    });
    this.#masters = new MesosMasters({
      masters: settings.masters,
      zooKeeper,
      scheme: settings.tls ? 'https' : 'http',
      resolve: this.#hosts.resolve,
      onChange: (leads) => {
        if (leads) this.#turn.abort(new LeaderMoved());
        else this.#session?.refresh();
      },
      onTrouble: (why) => {
        log.warn({ source: this.name, why }, 'ZooKeeper in trouble');
        context.metrics
          .counter('portolan_zookeeper_failures_total', 'Connections to ZooKeeper that failed.', { source: this.name })
          .add();
      },
      now,
      sessionMs: this.#times.zooKeeperMs,
    });
    this.#client = new HttpClient({ settings, secret, isKnown: this.#masters.isKnown, now });
    const { firstRetryMs: firstMs, lastRetryMs: maxMs } = this.#times;
    this.#backoff = new Backoff({ firstMs, maxMs, settledMs: SETTLED_MS, now });
    this.#counters = countersOf(context, this.name);
  }

  start(sink: SourceSink): Promise<void> {
    const report = new MesosReport({
      sink,
      waitMs: this.#settings.waitForAgents,
      settleMs: this.#times.settleMs,
    });
    return new Promise((resolve) => {
      this.#running = this.#run(sink, report, resolve).finally(resolve);
    });
  }

  async stop(): Promise<void> {
    clearTimeout(this.#refreshing);
    this.#stopped.abort(new Error('the source was stopped'));
    this.#turn.abort(this.#stopped.signal.reason);
    this.#hosts.stop();
    await Promise.all([this.#running, this.#masters.stop(), this.#client.close()]);
  }

  async #run(sink: SourceSink, report: MesosReport, onFirst: () => void): Promise<void> {
    this.#hosts.onChange(() => this.#refreshSoon());
    await this.#masters.start();
    const { signal: stopped } = this.#stopped;
    while (!stopped.aborted) {
      this.#turn = new AbortController();
      const { signal } = this.#turn;
      const why = await this.#follow(report, signal, onFirst);
      report.end();
      if (stopped.aborted) return;
      if (why !== undefined) {
        sink.trouble(why);
        onFirst();
        await sleep(this.#backoff.failed(), signal);
      }
    }
  }

  /**
   * Tries one master after the other, and follows the first that lets us.
   * @returns why that ended; undefined when another one leads
   */
  async #follow(report: MesosReport, signal: AbortSignal, onFirst: () => void): Promise<string | undefined> {
    const failures: string[] = [];
    for (const origin of this.#masters.candidates()) {
      let isGood = false;
      const onGood = (leader: string): void => {
        isGood = true;
        this.#masters.led(leader);
        this.#backoff.good();
        onFirst();
      };
      try {
        await this.#followOne(origin, report, signal, onGood);
        return undefined;
      } catch (error) {
        if (signal.aborted) return undefined;
        failures.push((error as Error).message);
        if (isGood) break;
      }
    }
    const { trouble } = this.#masters;
    if (trouble !== undefined) failures.push(trouble);
    return failures.length === 0
      ? 'Cannot find a master: ZooKeeper has not named one yet'
      : [...new Set(failures)].join('; ');
  }

  /** Follows one master for as long as it goes. */
  async #followOne(
    origin: string,
    report: MesosReport,
    signal: AbortSignal,
    onGood: (leader: string) => void,
  ): Promise<void> {
    const { api, timeout, maxBody, pollEvery } = this.#settings;
    const options: SessionOptions = {
      client: this.#client,
      origin,
      signal,
      report,
      resolve: this.#hosts.resolve,
      masters: (leader) => this.#mastersLedBy(leader),
      onGood,
      timeoutMs: timeout,
      counters: this.#counters,
    };
    const poll = () => new PollSession({ ...options, everyMs: pollEvery, random: Math.random });
    try {
      this.#session = api === 'state' ? poll() : new EventSession({ ...options, maxRecord: maxBody });
      await this.#session.run();
    } catch (error) {
      if (api !== 'auto' || !(error instanceof NoEventsError)) throw error;
      this.#session = poll();
      await this.#session.run();
    } finally {
      this.#session = undefined;
    }
  }

  /** Many host names become known in a short time; each alone would have all tasks looked at again. */
  #refreshSoon(): void {
    this.#refreshing ??= setTimeout(() => {
      this.#refreshing = undefined;
      this.#session?.refresh();
    }, REFRESH_AFTER_MS);
  }

  #mastersLedBy(leader: MasterAddress | undefined): Masters | undefined {
    const all = this.#masters.all();
    return leader || all.length > 0 ? { leader, all } : undefined;
  }
}

/** ZooKeeper says that another master leads: no failure, only a reason to turn to it. */
class LeaderMoved extends Error {
  override readonly name = 'LeaderMoved';
}

function zooKeeperOf({ zk, zkPasswordEnv }: MesosSettings, secret: SourceContext['secret']): ZooKeeperUrl | undefined {
  const url = zk === undefined ? undefined : parseZooKeeperUrl(zk);
  return url && { ...url, password: zkPasswordEnv === undefined ? undefined : secret(zkPasswordEnv) };
}

function countersOf({ metrics }: SourceContext, source: string): SessionCounters {
  const counter = (name: string, help: string) => metrics.counter(name, help, { source });
  return {
    streams: counter('portolan_mesos_streams_total', 'Streams of events that a master opened for us.'),
    events: counter('portolan_mesos_events_total', 'Events that came from a master.'),
    polls: counter('portolan_mesos_polls_total', 'States that were read from a master.'),
    samePolls: counter('portolan_mesos_same_polls_total', 'States that were the one before, octet for octet.'),
  };
}
