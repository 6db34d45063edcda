// What is live: deltas of the sources and files of the zone folder become contributions, the store sums them up, and the
// image brings them before the threads that answer. One call, one publication.
import type { Logger } from './base/log.ts';
import type { Metrics } from './base/metrics.ts';
import type { Schedule } from './base/schedule.ts';
import type { Agent } from './model/agent.ts';
import type { Problem } from './model/cluster.ts';
import type { Framework } from './model/framework.ts';
import type { Masters } from './model/masters.ts';
import type { Network } from './model/network.ts';
import type { Service } from './model/service.ts';
import { type Task, taskKey } from './model/task.ts';
import { type Claimant, RecordBuilder } from './records/index.ts';
import type { RecordSettings } from './records/settings.ts';
import { type ClientPrefix, ViewRegistry } from './records/view-registry.ts';
import type { VipAddresses, VipWant } from './records/vip-addresses.ts';
import { zoneSpecs } from './records/zones.ts';
import { fold, nameToText, type OwnerName } from './wire/name.ts';
import type { ZoneData } from './zone/masterfile.ts';
import type { ZoneStore } from './zone/store.ts';

/** What really changed in one source, as far as records are made of it. */
export interface PublishedDelta {
  readonly source: string;
  readonly upserted: {
    /** Best by name: instances of one app share most of their names. */
    readonly tasks: readonly (readonly [Task, Task | undefined])[];
    readonly agents: readonly (readonly [Agent, Agent | undefined])[];
    readonly frameworks: readonly (readonly [Framework, Framework | undefined])[];
    readonly services?: readonly (readonly [Service, Service | undefined])[] | undefined;
    readonly networks?: readonly (readonly [Network, Network | undefined])[] | undefined;
    readonly masters?: readonly [Masters, Masters | undefined] | undefined;
  };
  readonly removed: {
    readonly tasks: readonly Task[];
    readonly agents: readonly Agent[];
    readonly frameworks: readonly Framework[];
    readonly services?: readonly Service[] | undefined;
    readonly networks?: readonly Network[] | undefined;
    readonly masters?: Masters | undefined;
  };
}

export interface PublisherOptions {
  readonly settings: RecordSettings;
  readonly vips: VipAddresses;
  readonly store: ZoneStore;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** With it a compaction of the image goes on while nothing changes; without it only changes take it along. */
  readonly schedule?: Schedule;
  /** Called with where clients stand, all of them, whenever that changed. */
  readonly onClients?: (clients: readonly ClientPrefix[]) => void;
  /** Called after each publication that may have changed the table of VIP addresses. */
  readonly onVips?: () => void;
  /** Called after each publication with how many owner names it laid out. */
  readonly onPublished?: (owners: number) => void;
}

/** Names left out that get a line of their own in the log for each delta; the rest is summed up in one. */
const LOGGED_PROBLEMS = 20;

/** Names of apps that are kept: as many as tasks can have, and some of jobs that are gone. */
const APPS_OF_TASK = 2;
const SPARE_APPS = 1_000;

/** Milliseconds between two pieces of a compaction. */
const TIDY_EVERY_MS = 20;

/** Tasks by which it is reckoned what all tasks of a large delta will take. */
const SAMPLE = 1_000;

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #builder: RecordBuilder;
  readonly #views: ViewRegistry;
  /** Zones that the settings ask for: they are there with and without files. */
  readonly #made: readonly OwnerName[];
  /** Zones from files: origin -> file -> its data; the first file serves, the others wait. */
  readonly #files = new Map<OwnerName, Map<string, ZoneData>>();
  readonly #originOf = new Map<string, OwnerName>();
  #isHeld = false;
  #isTidying = false;

  /** @throws RangeError, NameError for settings that no zone can be made of */
  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#views = new ViewRegistry(options.settings.views);
    this.#builder = new RecordBuilder(options.settings, options.vips, this.#views);
    const specs = zoneSpecs(options.settings);
    for (const spec of specs) options.store.addZone(spec.origin, spec, false);
    this.#made = specs.map((spec) => fold(spec.origin));
    const problems: Problem[] = [];
    options.store.set('self', this.#builder.self(problems));
    this.#report('self', problems);
    this.#tellClients();
    options.store.commit();
  }

  /** Gathers what comes without publishing it, until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Publishes what was gathered. */
  release(): void {
    this.#isHeld = false;
    this.#commit();
  }

  /** Whether the zones made of tasks may be answered: until then they get SERVFAIL. */
  setReady(isReady: boolean): void {
    for (const origin of this.#made) this.#options.store.setReady(origin, isReady);
    this.#commit();
  }

  /** Lets go of memory that only makes changes quicker; to be called after a large load, too. */
  forget(): void {
    this.#builder.forget();
  }

  /** The names that a task may share with others. */
  readonly sharedNames = (task: Task): readonly string[] => this.#builder.sharedNames(task);

  /** Publishes what changed in a source. */
  apply(delta: PublishedDelta): void {
    const { store, vips } = this.#options;
    const builder = this.#builder;
    const { source, upserted, removed } = delta;
    const problems: Problem[] = [];
    const wants: [string, readonly VipWant[]][] = [];
    const tasks = upserted.tasks.map(([task]): Keyed => ({ key: keyOf(source, task), task }));
    for (const task of removed.tasks) wants.push([keyOf(source, task), []]);
    // Only tasks of Mesos have VIPs.
    for (const { key, task } of tasks)
      if (task.framework.system === undefined) wants.push([key, builder.vipWants(task)]);
    vips.update(wants);
    this.#placeClients(delta);
    const again = builder.claim(claims(delta, tasks));
    for (const [framework] of upserted.frameworks)
      store.set(`${source} framework ${framework.id}`, builder.framework(framework, problems));
    for (const [agent] of upserted.agents) store.set(`${source} agent ${agent.id}`, builder.agent(agent, problems));
    if (upserted.masters) store.set(`${source} masters`, builder.masters(upserted.masters[0], problems));
    this.#setTasks(tasks, problems);
    for (const [service] of upserted.services ?? [])
      store.set(`${source} service ${service.id}`, builder.service(service, problems));
    for (const key of again) store.set(key, builder.again(key, problems));
    for (const task of removed.tasks) store.set(keyOf(source, task), []);
    for (const service of removed.services ?? []) store.set(`${source} service ${service.id}`, []);
    for (const agent of removed.agents) store.set(`${source} agent ${agent.id}`, []);
    for (const framework of removed.frameworks) store.set(`${source} framework ${framework.id}`, []);
    if (removed.masters && !upserted.masters) store.set(`${source} masters`, []);
    this.#report(source, problems);
    this.#commit();
    if (builder.keptApps > SPARE_APPS + APPS_OF_TASK * store.contributors) this.forget();
    if (wants.length > 0) this.#options.onVips?.();
  }

  #setTasks(tasks: readonly Keyed[], problems: Problem[]): void {
    const { store } = this.#options;
    const before = store.taken;
    for (let i = 0; i < tasks.length; i++) {
      const { key, task } = tasks[i]!;
      store.set(key, this.#builder.task(task, problems));
      // Of very many the first ones tell how much room all will need.
      const left = tasks.length - SAMPLE;
      if (i + 1 === SAMPLE && left > SAMPLE)
        store.reserve(store.taken.map((taken, kind) => ((taken - before[kind]!) / SAMPLE) * left));
    }
  }

  /** Takes the networks and machines of a delta, by which clients are told apart. */
  #placeClients({ source, upserted, removed }: PublishedDelta): void {
    const views = this.#views;
    for (const network of removed.networks ?? []) views.setNetwork(`${source} ${network.id}`, undefined);
    for (const [network] of upserted.networks ?? []) views.setNetwork(`${source} ${network.id}`, network);
    for (const agent of removed.agents) views.setAgent(`${source} ${agent.id}`, undefined);
    for (const [agent] of upserted.agents) views.setAgent(`${source} ${agent.id}`, agent);
    this.#tellClients();
  }

  #tellClients(): void {
    const clients = this.#views.takeClients();
    if (clients) this.#options.onClients?.(clients);
  }

  /** Publishes a zone file, new or changed. */
  setFile(file: string, data: ZoneData): void {
    const origin = fold(data.origin);
    const before = this.#originOf.get(file);
    if (before !== undefined && before !== origin) this.#dropFile(file, before);
    this.#originOf.set(file, origin);
    const claims = this.#files.get(origin) ?? new Map<string, ZoneData>();
    this.#files.set(origin, claims);
    claims.set(file, data);
    const [owner] = claims.keys();
    if (owner === file) this.#serveFile(origin, file, data);
    else
      this.#options.log.error(
        { file, zone: nameToText(origin), servedFrom: owner },
        'zone file ignored: another file has the zone; remove one of them',
      );
    this.#commit();
  }

  /** Takes a zone file's zone away; a zone that the settings ask for goes on without its records. */
  removeFile(file: string): void {
    const origin = this.#originOf.get(file);
    if (origin === undefined) return;
    this.#originOf.delete(file);
    this.#dropFile(file, origin);
    this.#commit();
  }

  #serveFile(origin: OwnerName, file: string, data: ZoneData): void {
    const { store } = this.#options;
    if (!store.hasZone(origin)) store.addZone(data.origin);
    store.set(`file ${file}`, [{ zone: origin, records: data.records }]);
  }

  #dropFile(file: string, origin: OwnerName): void {
    const { store } = this.#options;
    const claims = this.#files.get(origin);
    const [owner] = claims?.keys() ?? [];
    claims?.delete(file);
    if (owner !== file || !claims) return;
    store.set(`file ${file}`, []);
    const [next] = claims;
    if (next) {
      this.#serveFile(origin, next[0], next[1]);
      return;
    }
    this.#files.delete(origin);
    if (!store.isMade(origin)) store.removeZone(origin);
  }

  #commit(): void {
    if (this.#isHeld) return;
    const { owners } = this.#options.store.commit();
    this.#tidy();
    this.#options.onPublished?.(owners);
  }

  #tidy(): void {
    const { store, schedule } = this.#options;
    if (!schedule || this.#isTidying || !store.isCompacting) return;
    this.#isTidying = true;
    schedule(() => {
      this.#isTidying = false;
      store.tidy();
      this.#tidy();
    }, TIDY_EVERY_MS);
  }

  #report(source: string, problems: readonly Problem[]): void {
    if (problems.length === 0) return;
    const { log, metrics } = this.#options;
    metrics
      .counter('portolan_record_problems_total', 'Names, ports and VIPs of tasks that could not become records.', {
        source,
      })
      .add(problems.length);
    for (const { where, why } of problems.slice(0, LOGGED_PROBLEMS))
      log.warn({ source, where, why }, 'records left out');
    if (problems.length > LOGGED_PROBLEMS)
      log.warn({ source, more: problems.length - LOGGED_PROBLEMS }, 'more records left out');
  }
}

/** A task and the key of what it contributes. */
interface Keyed {
  readonly key: string;
  readonly task: Task;
}

function keyOf(source: string, task: Task): string {
  return `${source} task ${taskKey(task)}`;
}

/** What of a delta has names that another may want, too, by key of contribution. */
function* claims(
  { source, upserted, removed }: PublishedDelta,
  tasks: readonly Keyed[],
): Generator<[string, Claimant | undefined]> {
  for (const task of removed.tasks) yield [keyOf(source, task), undefined];
  for (const service of removed.services ?? []) yield [`${source} service ${service.id}`, undefined];
  for (const agent of removed.agents) yield [`${source} agent ${agent.id}`, undefined];
  for (const { key, task } of tasks) yield [key, { task }];
  for (const [service] of upserted.services ?? []) yield [`${source} service ${service.id}`, { service }];
  for (const [agent] of upserted.agents) yield [`${source} agent ${agent.id}`, { agent }];
}
