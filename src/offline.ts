// Zones without a server: reads the sources of a configuration once and makes the zones that `serve` would answer from.
// For the commands that print or check.
import { createLog } from './base/log.ts';
import { Metrics } from './base/metrics.ts';
import type { Config } from './config.ts';
import type { Cluster, Problem } from './model/cluster.ts';
import { taskKey } from './model/task.ts';
import type { AxfrDump } from './records/axfr.ts';
import { axfrDump } from './records/axfr.ts';
import type { Claimant, Contribution } from './records/index.ts';
import { RecordBuilder } from './records/index.ts';
import { ViewRegistry } from './records/view-registry.ts';
import { VipAddresses } from './records/vip-addresses.ts';
import { zoneSpecs } from './records/zones.ts';
import type { SourceContext } from './sources/definition.ts';
import { judged } from './sources/health.ts';
import { createSource } from './sources/index.ts';
import { LastGood } from './sources/last-good.ts';
import type { Source } from './sources/source.ts';
import { Type } from './wire/codes.ts';
import { fold, nameToText } from './wire/name.ts';
import type { RR } from './wire/rr.ts';
import { soaRdata } from './wire/rr.ts';
import { ZoneFolder } from './zone/folder.ts';
import { Image } from './zone/image.ts';
import type { ZoneProblem } from './zone/masterfile.ts';
import { writeMasterFile } from './zone/masterfile-writer.ts';
import { oversizedSets } from './zone/oversized.ts';
import type { ZoneAlias, ZoneSpec } from './zone/spec.ts';
import { expandAlias } from './zone/spec.ts';
import { ZoneStore } from './zone/store.ts';

/** What a source says when it is read once. */
export interface SourceReading {
  /** Name of the source: `file zones/demo.json`. */
  readonly source: string;
  /** As it would be served; undefined when nothing could be read. */
  readonly cluster: Cluster | undefined;
  /** As it was reported: a task that comes twice, which is served once, is in it twice. */
  readonly reported: Cluster | undefined;
  /** Entries that were left out. */
  readonly problems: readonly Problem[];
  /** Why the source, or a part of it, could not be read. */
  readonly troubles: readonly string[];
}

/**
 * Reads each source of the configuration once.
 * @param now milliseconds since 1970
 */
export async function readSources(config: Config, now: () => number): Promise<SourceReading[]> {
  // The problems come back to the caller, so what the sources would log is not repeated.
  const context: SourceContext = {
    log: createLog('silent'),
    metrics: new Metrics(),
    now,
    secret: (variable) => config.secrets.get(variable),
  };
  return Promise.all(config.sources.map((entry) => readOnce(createSource(entry, context))));
}

async function readOnce(source: Source): Promise<SourceReading> {
  const good = new LastGood(source.name);
  const problems: Problem[] = [];
  const troubles: string[] = [];
  let reported: Cluster | undefined;
  await source.start({
    snapshot(cluster, found = []) {
      reported = cluster;
      problems.push(...found, ...good.replace(cluster).repeated);
    },
    change(change, found = []) {
      problems.push(...found);
      good.apply(change);
      reported = good.cluster();
    },
    trouble: (message) => troubles.push(message),
  });
  await source.stop();
  return { source: source.name, cluster: reported && good.cluster(), reported, problems, troubles };
}

/** What a folder of zone files says. */
export interface FolderReading {
  /** File and origin of each zone that can be served. */
  readonly zones: readonly { readonly file: string; readonly name: string }[];
  readonly problems: readonly ZoneProblem[];
}

/** Reads a folder of zone files once. */
export async function readZoneFolder(path: string): Promise<FolderReading> {
  const zones = new Map<string, string>();
  const problems: ZoneProblem[] = [];
  const folder = new ZoneFolder(path);
  await folder.start({
    zone(file, { origin, records }, warnings) {
      zones.set(file, nameToText(fold(origin)));
      problems.push(...warnings);
      for (const { name, why } of oversizedSets(records))
        problems.push({ file, line: 1, column: 1, severity: 'warning', message: `${name}: ${why}` });
    },
    removed: (file) => zones.delete(file),
    trouble: (_, errors) => problems.push(...errors),
  });
  await folder.stop();
  return { zones: Array.from(zones, ([file, name]) => ({ file, name })), problems };
}

/** A zone as people read it. */
export interface MadeZone {
  /** Lower case, with its final dot: `mesos.` */
  readonly name: string;
  /** The zone as a master file (RFC 1035 5). */
  text(): string;
}

/** The zones that are made of clusters, and what could not be put into them. */
export interface MadeZones {
  /** Every zone of the settings, those that show another zone under a second name written out. */
  readonly zones: readonly MadeZone[];
  /** Names, ports and VIPs that were left out. */
  readonly problems: readonly Problem[];
}

/**
 * The zones that the settings ask for, filled from what the sources said.
 * @param now milliseconds since 1970; the serials are made of it
 */
export function makeZones(config: Config, told: readonly SourceReading[], now: () => number): MadeZones {
  const problems: Problem[] = [];
  const vips = new VipAddresses(config.dcos.vip);
  const views = new ViewRegistry(config.views);
  const builder = new RecordBuilder(config, vips, views);
  const readings = withStanding(config, told, builder);
  const store = new ZoneStore(new Image(), now);
  const specs = zoneSpecs(config);
  for (const spec of specs) store.addZone(spec.origin, spec);

  const tasks = readings.flatMap(({ source, cluster }) =>
    (cluster?.tasks ?? []).map((task) => ({ key: `${source} task ${taskKey(task)}`, task })),
  );
  // All at once: which of two VIPs that want one address gets it depends on their names alone.
  vips.update(tasks.map(({ key, task }) => [key, builder.vipWants(task)]));
  for (const { source, cluster } of readings) {
    for (const network of cluster?.networks ?? []) views.setNetwork(`${source} ${network.id}`, network);
    for (const agent of cluster?.agents ?? []) views.setAgent(`${source} ${agent.id}`, agent);
  }
  // All at once, too: what a name leads to depends on all who want it.
  builder.claim(readings.flatMap(claimants));
  for (const { key, task } of tasks) store.set(key, builder.task(task, problems));
  for (const { source, cluster } of readings) {
    const add = (key: string, contributions: readonly Contribution[]): void =>
      store.set(`${source} ${key}`, contributions);
    for (const framework of cluster?.frameworks ?? [])
      add(`framework ${framework.id}`, builder.framework(framework, problems));
    for (const agent of cluster?.agents ?? []) add(`agent ${agent.id}`, builder.agent(agent, problems));
    for (const service of cluster?.services ?? []) add(`service ${service.id}`, builder.service(service, problems));
    if (cluster?.masters !== undefined) add('masters', builder.masters(cluster.masters, problems));
  }
  store.set('this server', builder.self(problems));
  for (const { alias, origin } of specs)
    if (alias === undefined)
      for (const { name, why } of oversizedSets(store.records(fold(origin)))) problems.push({ where: name, why });

  const zones = specs.map((spec): MadeZone => {
    const origin = fold(spec.origin);
    return {
      name: nameToText(origin),
      text: () =>
        writeMasterFile({
          origin,
          records: spec.alias ? aliasRecords(spec, spec.alias, store) : [...store.records(origin)],
        }),
    };
  });
  return { zones, problems };
}

/** The same with the standing of their tasks; the exact mode knows of none. */
function withStanding(
  { mode }: Config,
  readings: readonly SourceReading[],
  builder: RecordBuilder,
): readonly SourceReading[] {
  if (mode === 'exact') return readings;
  const tasks = judged(
    readings.map(({ cluster }) => cluster?.tasks ?? []),
    (task) => builder.sharedNames(task),
  );
  return readings.map((reading, number) =>
    reading.cluster ? { ...reading, cluster: { ...reading.cluster, tasks: tasks[number]! } } : reading,
  );
}

/** Everything that has names which another may want, too, by key of contribution. */
function claimants({ source, cluster }: SourceReading): [string, Claimant][] {
  return [
    ...(cluster?.tasks ?? []).map((task): [string, Claimant] => [`${source} task ${taskKey(task)}`, { task }]),
    ...(cluster?.services ?? []).map((service): [string, Claimant] => [`${source} service ${service.id}`, { service }]),
    ...(cluster?.agents ?? []).map((agent): [string, Claimant] => [`${source} agent ${agent.id}`, { agent }]),
  ];
}

/** The records of a zone that shows another one under a second name, with an SOA of its own. */
function aliasRecords(spec: ZoneSpec, alias: ZoneAlias, store: ZoneStore): RR[] {
  const { origin, soa, soaTtl } = spec;
  const rdata = soaRdata({ ...soa, serial: store.serial(fold(origin))! });
  return [{ owner: origin, type: Type.SOA, ttl: soaTtl, rdata }, ...expandAlias(spec, store.records(alias.target))];
}

/**
 * What Mesos-DNS would say at `/v1/axfr` of these clusters; in the exact mode of all that was reported, as it does.
 * @param refreshSeconds how often the clusters are read, for the document's sake
 * @param now milliseconds since 1970; the serial is made of it
 */
export function makeAxfr(
  config: Config,
  readings: readonly SourceReading[],
  refreshSeconds: number,
  now: () => number,
): AxfrDump {
  const builder = new RecordBuilder(config, new VipAddresses(config.dcos.vip));
  const clusters = withStanding(config, readings, builder).flatMap(
    ({ cluster, reported }) => (config.mode === 'exact' ? reported : cluster) ?? [],
  );
  const whole: Cluster = {
    tasks: clusters.flatMap(({ tasks }) => tasks),
    agents: clusters.flatMap(({ agents }) => agents),
    frameworks: clusters.flatMap(({ frameworks }) => frameworks),
    masters: clusters.find(({ masters }) => masters !== undefined)?.masters,
  };
  return axfrDump(whole, config, { serial: Math.floor(now() / 1000), refreshSeconds });
}
