// The one place where the parts are wired together, and the order in which they start and stop.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { Order, type ResponderSettings } from './answer/responder.ts';
import { writeFileAtomically } from './base/atomic-file.ts';
import { namedCounters, threadCounters } from './base/counters.ts';
import type { Logger } from './base/log.ts';
import { giveBackMemory } from './base/memory.ts';
import { Metrics } from './base/metrics.ts';
import { schedule } from './base/schedule.ts';
import type { Config } from './config.ts';
import type { ListenAddress } from './listen/listener.ts';
import { Pool } from './listen/pool.ts';
import type { Problem } from './model/cluster.ts';
import { Publisher } from './publish.ts';
import type { RecordSettings } from './records/settings.ts';
import { VipAddresses } from './records/vip-addresses.ts';
import { HealthPolicy } from './sources/health.ts';
import { createSource } from './sources/index.ts';
import type { ClusterDelta, ManagedSource } from './sources/manager.ts';
import { SourceManager } from './sources/manager.ts';
import { ClusterMerge } from './sources/merge.ts';
import { StateFolder } from './sources/state-folder.ts';
import { ZoneFolder } from './zone/folder.ts';
import { Image } from './zone/image.ts';
import { problemText } from './zone/problems.ts';
import { ZoneStore } from './zone/store.ts';

/** The running server. */
export interface App {
  /** Where it answers, UDP and TCP. */
  readonly addresses: readonly ListenAddress[];
  readonly metrics: Metrics;
  /** All counters by name and labels: those of the threads, then those of the main thread. */
  counters(): Record<string, number>;
  /** The counters of each thread that answers, by transport. */
  threadCounters(): Record<string, Record<string, number>>[];
  /** Stops answering, then everything else. */
  stop(): Promise<void>;
}

/** How often is looked whether the sources that were missing have been read, milliseconds. */
const READY_CHECK_MS = 20;

/** A publication of that many names leaves much memory behind, which is given back this many milliseconds later. */
const MANY_OWNERS = 20_000;
const TIDY_AFTER_MS = 500;

/** How long changes of the VIP table are gathered before it is written, milliseconds. */
const SAVE_AFTER_MS = 1_000;

/**
 * Starts the server; resolves once every listener answers and every source has been read or has failed once.
 * @throws Error when an address cannot be bound or the zone folder cannot be read
 */
export async function startApp(config: Config, log: Logger): Promise<App> {
  const metrics = new Metrics();
  const now = () => Date.now();
  const settings = recordSettings(config);
  let pool: Pool | undefined;
  const image = new Image((buffers) => pool?.adopt(buffers));
  const store = new ZoneStore(image, now);
  const vipTable = openVipTable(config, settings, log);
  let tidying: NodeJS.Timeout | undefined;
  const publisher = new Publisher({
    settings,
    vips: vipTable.vips,
    store,
    log,
    metrics,
    schedule,
    onClients: (clients) => image.setClients(clients),
    onVips: vipTable.changed,
    onPublished(owners) {
      if (owners < MANY_OWNERS) return;
      clearTimeout(tidying);
      tidying = setTimeout(() => {
        publisher.forget();
        void giveBackMemory().then(() => pool?.trimMemory());
      }, TIDY_AFTER_MS).unref();
    },
  });

  const folder = config.zones === undefined ? undefined : new ZoneFolder(config.zones);
  publisher.hold();
  await folder?.start({
    zone(file, data, problems) {
      for (const problem of problems) log.warn({ file, problem: problemText(problem) }, 'zone file');
      publisher.setFile(file, data);
    },
    removed: (file) => publisher.removeFile(file),
    trouble(file, problems) {
      metrics.counter('portolan_zone_file_failures_total', 'Zone files that could not be taken.', { file }).add();
      for (const problem of problems) log.error({ file, problem: problemText(problem) }, 'zone file not taken');
    },
  });
  publisher.release();

  const sources = makeSources(config, log, metrics, now);
  const merge = new ClusterMerge(sources.map(({ source }) => source.name));
  const publish = (deltas: readonly ClusterDelta[]): void => {
    publisher.hold();
    for (const delta of deltas) publisher.apply(delta);
    publisher.release();
  };
  const health =
    config.mode === 'exact'
      ? undefined
      : new HealthPolicy({ settings: config.health, namesOf: publisher.sharedNames, publish, metrics, schedule });
  const { folder: stateFolder, maxAgeMs } = config.state;
  const manager = new SourceManager({
    sources,
    state:
      stateFolder === undefined
        ? undefined
        : new StateFolder({ folder: stateFolder, maxAgeMs, log, metrics, now, schedule }),
    onDelta(delta) {
      const merged = merge.apply(delta);
      if (health) health.apply(merged);
      else publish(merged);
    },
    log,
    metrics,
    now,
    schedule,
  });
  pool = new Pool(
    {
      workers: config.workers === 'auto' ? availableParallelism() : config.workers,
      listen: config.listen.map(({ address, port }) => ({ ip: address, port })),
      responder: responderSettings(config),
      tcp: {
        idleMs: config.tcp.idleMs,
        messageMs: config.tcp.messageDeadlineMs,
        maxConnections: config.tcp.maxConnections,
        maxConnectionsPerClient: config.tcp.maxConnectionsPerClient,
        maxQueuedOctets: config.tcp.maxQueuedOctets,
      },
      stableFor: config.answers.stableFor,
      useBatches: true,
    },
    image,
    log,
  );
  const stop = async (): Promise<void> => {
    clearTimeout(tidying);
    await pool?.stop();
    await manager.stop();
    health?.stop();
    await folder?.stop();
    await vipTable.save();
    log.info('stopped');
  };
  try {
    const threads = pool;
    const addresses = await threads.start();
    await manager.start();
    announceReadiness(manager, publisher, log);
    return {
      addresses,
      metrics,
      counters: () => ({ ...namedCounters(threads.counters), ...metrics.named() }),
      threadCounters: () => threadCounters(threads.counters),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The zones made of tasks are answered once every required source has told what it knows, in this run or before; until then
 * SERVFAIL, never NXDOMAIN.
 */
function announceReadiness(manager: SourceManager, publisher: Publisher, log: Logger): void {
  const missing = () => manager.status().filter(({ isRequired, lastGoodAt }) => isRequired && lastGoodAt === undefined);
  const waiting = missing();
  if (waiting.length === 0) {
    publisher.setReady(true);
    return;
  }
  log.warn({ sources: waiting.map(({ name }) => name) }, 'waiting for sources: names of tasks get SERVFAIL');
  const again = setInterval(() => {
    if (missing().length > 0) return;
    clearInterval(again);
    publisher.setReady(true);
    log.info('all sources read');
  }, READY_CHECK_MS);
  again.unref();
}

/** Kinds whose word may be that of a master that has just started, and not what a person wants. */
const GUARDED = ['mesos', 'marathon'];

function makeSources(config: Config, log: Logger, metrics: Metrics, now: () => number): ManagedSource[] {
  const secret = (variable: string): string => config.secrets.get(variable);
  return config.sources.map((entry) => ({
    source: createSource(entry, { log, metrics, now, secret }),
    isRequired: entry.required,
    guard: (entry.guard ?? GUARDED.includes(entry.kind)) ? config.guard : undefined,
  }));
}

/** The settings of the records; `mesos.selfAddresses` is filled in by the configuration. */
function recordSettings({ mode, mesos, dcos, reverse, docker, swarm, views }: Config): RecordSettings {
  return { mode, mesos, dcos, reverse, docker, swarm, views };
}

const ORDERS = { rotate: Order.ROTATE, random: Order.RANDOM, sorted: Order.FIXED } as const;

function responderSettings({ answers, tcp, identity }: Config): ResponderSettings {
  const chaos = new Map<string, string>();
  if (identity.version !== undefined)
    for (const name of ['version.bind.', 'version.server.']) chaos.set(name, identity.version);
  if (identity.hostname !== undefined)
    for (const name of ['hostname.bind.', 'id.server.']) chaos.set(name, identity.hostname);
  return {
    maxUdpSize: answers.maxUdpSize,
    order: ORDERS[answers.order],
    cacheSize: answers.cacheOctets,
    nsid: Buffer.from(identity.nsid ?? hostname()),
    keepaliveSeconds: Math.floor(tcp.idleMs / 1000),
    chaos,
  };
}

interface VipTable {
  readonly vips: VipAddresses;
  /** Says that addresses may have changed; the table is written a little later. */
  changed(): void;
  /** Writes the table now if it is not written yet. */
  save(): Promise<void>;
}

/** The table of VIP addresses, read from the state folder and kept there: addresses outlive a restart. */
function openVipTable(config: Config, settings: RecordSettings, log: Logger): VipTable {
  const folder = config.state.folder;
  if (folder === undefined) return { vips: new VipAddresses(settings.dcos.vip), changed() {}, save: async () => {} };
  const file = join(folder, 'vips.json');
  const problems: Problem[] = [];
  let vips: VipAddresses;
  try {
    vips = existsSync(file)
      ? VipAddresses.fromJSON(JSON.parse(readFileSync(file, 'utf8')), settings.dcos.vip, problems)
      : new VipAddresses(settings.dcos.vip);
  } catch (error) {
    log.error({ file, err: error }, 'VIP addresses cannot be read; they are given out anew');
    vips = new VipAddresses(settings.dcos.vip);
  }
  for (const { where, why } of problems) log.warn({ file, where, why }, 'VIP address not kept');
  let timer: NodeJS.Timeout | undefined;
  let saved = '';
  let writing: Promise<void> = Promise.resolve();
  const save = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    await writing;
    const content = `${JSON.stringify(vips)}\n`;
    if (content === saved) return;
    try {
      await mkdir(folder, { recursive: true });
      await writeFileAtomically(file, content);
      saved = content;
    } catch (error) {
      log.error({ file, err: error }, 'VIP addresses cannot be written');
    }
  };
  return {
    vips,
    changed() {
      timer ??= setTimeout(() => {
        writing = save();
      }, SAVE_AFTER_MS).unref();
    },
    save,
  };
}
