// From the model to resource records. A builder turns one task, agent, framework or the masters into *contributions*:
// what it adds to each zone. It is pure but for the report of problems and the caches that make it quick: the same
// object gives the same records, whatever else is in the cluster. Names are those of Mesos-DNS and dcos-net.
import type { Agent } from '../model/agent.ts';
import type { Problem } from '../model/cluster.ts';
import type { Framework, System } from '../model/framework.ts';
import type { Masters } from '../model/masters.ts';
import type { Service } from '../model/service.ts';
import type { Task } from '../model/task.ts';
import type { OwnerName } from '../wire/name.ts';
import { fold, parseName } from '../wire/name.ts';
import type { NameNode } from '../wire/name-node.ts';
import type { RR } from '../wire/rr.ts';
import { isSelfInside, writeAgent, writeFramework, writeMasters, writeSelf } from './cluster.ts';
import {
  DCOS_ORIGIN,
  DcosTasks,
  DIRECTORY,
  L4LB_ORIGIN,
  LOCALHOST_ORIGIN,
  SPARTAN_ORIGIN,
  THISNODE_ORIGIN,
  writeAliases,
  writeDcosMasters,
  writeLocalhost,
  writeSpartan,
  writeThisNode,
  writeZk,
  ZK_ORIGIN,
} from './dcos.ts';
import { ContainerRecords } from './docker.ts';
import { MesosDomain } from './mesos-domain.ts';
import type { Claim } from './name-claims.ts';
import { NameClaims } from './name-claims.ts';
import { NodeWriter } from './node-writer.ts';
import { ReverseZones, reverseOrigins } from './reverse.ts';
import type { RecordSettings } from './settings.ts';
import { SwarmRecords } from './swarm.ts';
import { isFoundByLabel, writeMesosTask } from './tasks.ts';
import { dependsOnBridges } from './vantages.ts';
import { ViewRegistry } from './view-registry.ts';
import type { VipAddresses, VipWant } from './vip-addresses.ts';
import type { VipBackend } from './vips.ts';
import { TaskVips } from './vips.ts';
import { AddressCache, WireWriter } from './writer.ts';

/** What one key (a task, an agent, ...) adds to one zone. */
export interface Contribution {
  /** Origin of the zone. */
  readonly zone: OwnerName;
  /** At least one. */
  readonly records: readonly RR[];
}

type TaskRule = (zones: Zones, task: Task) => void;

/**
 * What makes the records of a task, by the system that told of it. To give tasks more names, add a file with the rules
 * and a line here.
 */
const TASK_RECORDS: Readonly<Record<System | 'mesos', readonly TaskRule[]>> = {
  mesos: [
    ({ mesos, report }, task) => writeMesosTask(mesos, task, report),
    ({ dcos, mesos, report }, task) => {
      if (isFoundByLabel(mesos, task)) dcos?.tasks.write(task, report);
    },
    ({ dcos, mesos, vips, report }, task) => dcos?.vips.write(dcos.l4lb, mesos, vips, task, report),
    ({ mesos, reverse }, task) => writeReverse(mesos, reverse, task),
  ],
  docker: [({ containers, report }, task) => containers?.write(task, report)],
  swarm: [({ swarm, report }, task) => swarm?.writeTask(task, report)],
};

/** Something that has names which another may want, too. */
export type Claimant = { readonly task: Task } | { readonly service: Service } | { readonly agent: Agent };

/** A task's own addresses are called by its label; its agent's are left to the agent. */
function writeReverse(mesos: MesosDomain<NameNode>, reverse: ReverseZones, task: Task): void {
  if (reverse.isEmpty || !isFoundByLabel(mesos, task)) return;
  const own = mesos.taskAddresses(task).filter((ip) => !task.agent.addresses.includes(ip));
  if (own.length === 0) return;
  const name = mesos.labelled(task).plain;
  if (mesos.writer.isName(name)) for (const ip of own) reverse.write(ip, name.octets);
}

/** The zones that records are written to, and where they wait until the contribution is complete. */
class Zones {
  readonly mesos: MesosDomain<NameNode>;
  readonly dcos: { readonly tasks: DcosTasks; readonly vips: TaskVips; readonly l4lb: NodeWriter } | undefined;
  readonly reverse: ReverseZones;
  readonly vips: VipAddresses;
  readonly addresses = new AddressCache();
  readonly claims = new NameClaims();
  readonly containers: ContainerRecords | undefined;
  readonly swarm: SwarmRecords | undefined;
  readonly #writers = new Map<OwnerName, WireWriter>();
  readonly #nodeWriters: { readonly zone: OwnerName; readonly writer: NodeWriter }[] = [];
  /** Where problems go while a contribution is made, and what it is made of. */
  #problems: Problem[] = [];
  #where = (): string => '';

  constructor(settings: RecordSettings, vips: VipAddresses, views: ViewRegistry) {
    const { mesos, dcos, reverse, docker, swarm } = settings;
    const exact = settings.mode === 'exact';
    this.vips = vips;
    const writer = this.#nodeWriter(fold(parseName(mesos.domain)), mesos.ttlSeconds);
    this.mesos = new MesosDomain(writer, this.addresses, settings, !exact);
    if (dcos.enabled) {
      this.dcos = {
        tasks: new DcosTasks(this.#nodeWriter(DCOS_ORIGIN, dcos.ttlSeconds), this.addresses, exact),
        vips: new TaskVips(settings, this.addresses),
        l4lb: this.#nodeWriter(L4LB_ORIGIN, dcos.ttlSeconds),
      };
    }
    this.reverse = new ReverseZones(reverse.prefixes.flatMap(reverseOrigins), this.addresses, (origin) =>
      this.writer(origin, reverse.ttlSeconds),
    );
    const { addresses, claims } = this;
    const shared = { addresses, claims, views, reverse: this.reverse };
    const zoneOf = ({ domain, ttlSeconds }: { readonly domain: string; readonly ttlSeconds: number }) =>
      this.#nodeWriter(fold(parseName(domain)), ttlSeconds);
    if (docker) this.containers = new ContainerRecords({ ...shared, settings: docker, writer: zoneOf(docker) });
    if (swarm) this.swarm = new SwarmRecords({ ...shared, settings: swarm, writer: zoneOf(swarm) });
  }

  readonly report = (why: string): void => {
    this.#problems.push({ where: this.#where(), why });
  };

  /** The writer of a zone; made at the first call. */
  writer(origin: OwnerName, ttl: number): WireWriter {
    let writer = this.#writers.get(origin);
    if (writer === undefined) {
      writer = new WireWriter(ttl, this.addresses, this.report);
      this.#writers.set(origin, writer);
    }
    return writer;
  }

  #nodeWriter(zone: OwnerName, ttl: number): NodeWriter {
    const writer = new NodeWriter(ttl, this.addresses, this.report);
    this.#nodeWriters.push({ zone, writer });
    return writer;
  }

  forget(): void {
    this.mesos.forget();
    this.dcos?.tasks.forget();
    this.dcos?.vips.forget();
  }

  /** Runs `write` and gives what it wrote, by zone. */
  collect(where: () => string, problems: Problem[], write: () => void): Contribution[] {
    this.#where = where;
    this.#problems = problems;
    write();
    const contributions: Contribution[] = [];
    for (const { zone, writer } of this.#nodeWriters) {
      const records = writer.take();
      if (records.length > 0) contributions.push({ zone, records });
    }
    for (const [zone, writer] of this.#writers) {
      const records = writer.take();
      if (records.length > 0) contributions.push({ zone, records });
    }
    return contributions;
  }
}

/** Makes the contributions. One object serves all tasks of all sources as long as the settings last. */
export class RecordBuilder {
  readonly #settings: RecordSettings;
  readonly #zones: Zones;
  readonly #vips: TaskVips;
  readonly #views: ViewRegistry;
  /** What may win or lose names, by key of contribution. */
  readonly #claimants = new Map<string, Claimant>();

  /**
   * @param vips where the addresses of named VIPs come from; `task` finds there only what was given by `vips.update`
   * @param views where clients stand; networks and machines are told to it before their tasks are to this
   * @throws RangeError naming a reverse prefix that is none; NameError when a name in the settings is none
   */
  constructor(settings: RecordSettings, vips: VipAddresses, views = new ViewRegistry(settings.views)) {
    this.#settings = settings;
    this.#zones = new Zones(settings, vips, views);
    this.#views = views;
    this.#vips = new TaskVips(settings, this.#zones.addresses);
  }

  /**
   * Lets go of the names that are kept for the next tasks. To be called after a large load, which leaves those of all apps
   * behind, although most will not change for long; and when there are more of them than tasks, as jobs leave theirs
   * behind. Of what changes from then on they are made and kept again.
   */
  forget(): void {
    this.#zones.forget();
    this.#vips.forget();
  }

  /** How many names of apps are kept. */
  get keptApps(): number {
    return this.#zones.mesos.keptApps;
  }

  /** The addresses that a task's VIPs want: to be told to `VipAddresses.update` before `task`. */
  vipWants(task: Task): VipWant[] {
    return this.#settings.dcos.enabled ? this.#vips.wants(task) : [];
  }

  /** The backends that a task gives to VIPs, named and literal. */
  vipBackends(task: Task): VipBackend[] {
    return this.#vips.backends(task);
  }

  /** The names that a task may share with others, as `Standing.keptUnder` has them: its own and those of its VIPs. */
  sharedNames(task: Task): readonly string[] {
    const { mesos } = this.#zones;
    const own = mesos.apps(task).map(({ shared }) => shared);
    return this.#settings.dcos.enabled ? [...own, ...this.#vips.sharedNames(task)] : own;
  }

  /** @param problems gets a line for each name, port or VIP that is left out; the same in the methods below */
  task(task: Task, problems: Problem[] = []): Contribution[] {
    const zones = this.#zones;
    return zones.collect(
      () => `task "${task.id}" of framework "${task.framework.name}"`,
      problems,
      () => {
        for (const write of TASK_RECORDS[task.framework.system ?? 'mesos']) write(zones, task);
      },
    );
  }

  framework(framework: Framework, problems: Problem[] = []): Contribution[] {
    const { mesos, report } = this.#zones;
    if (framework.system !== undefined) return [];
    return this.#zones.collect(
      () => `framework "${framework.name}" (${framework.id})`,
      problems,
      () => {
        if (mesos.framework(framework.name).fragment === '') report('its name holds no letter or digit: no names');
        writeFramework(mesos, framework);
      },
    );
  }

  agent(agent: Agent, problems: Problem[] = []): Contribution[] {
    const { mesos, reverse, swarm, report } = this.#zones;
    return this.#zones.collect(
      () => `agent "${agent.id}"`,
      problems,
      () => {
        if (agent.system === 'swarm') swarm?.writeNode(agent, report);
        if (agent.system !== undefined) return;
        writeAgent(mesos, agent);
        for (const ip of agent.addresses) reverse.write(ip, mesos.writer.under('slave', mesos.apex).octets);
      },
    );
  }

  service(service: Service, problems: Problem[] = []): Contribution[] {
    const { swarm, report } = this.#zones;
    return this.#zones.collect(
      () => `service "${service.name}"`,
      problems,
      () => swarm?.writeService(service, report),
    );
  }

  /**
   * Takes who wants which names from now on, by key of contribution: nothing for what is gone. To be called before the
   * records of these are made, and after the views were told of networks.
   * @returns keys of others that won or lost a name by it, or that the host has another address for: their records are to
   *   be made again, by `again`
   */
  claim(changes: Iterable<readonly [key: string, claimant: Claimant | undefined]>): string[] {
    const claims: [string, readonly Claim[]][] = [];
    for (const [key, claimant] of changes) {
      if (claimant && systemOf(claimant) !== undefined) this.#claimants.set(key, claimant);
      else if (!this.#claimants.delete(key)) continue;
      claims.push([key, claimant ? this.#claimsOf(claimant) : []]);
    }
    const again = new Set(claims.length === 0 ? [] : this.#zones.claims.update(claims));
    if (this.#views.takeBridges())
      for (const [key, claimant] of this.#claimants)
        if ('task' in claimant && dependsOnBridges(claimant.task)) again.add(key);
    for (const [key] of claims) again.delete(key);
    return [...again];
  }

  /** The records of what has a key that `claim` gave. */
  again(key: string, problems: Problem[] = []): Contribution[] {
    const claimant = this.#claimants.get(key)!;
    if ('task' in claimant) return this.task(claimant.task, problems);
    if ('service' in claimant) return this.service(claimant.service, problems);
    return this.agent(claimant.agent, problems);
  }

  #claimsOf(claimant: Claimant): readonly Claim[] {
    const { containers, swarm } = this.#zones;
    if ('service' in claimant) return swarm?.serviceClaims(claimant.service) ?? [];
    if ('agent' in claimant) return (claimant.agent.system === 'swarm' && swarm?.nodeClaims(claimant.agent)) || [];
    const { task } = claimant;
    return (task.framework.system === 'docker' ? containers?.claims(task) : swarm?.taskClaims(task)) ?? [];
  }

  masters(masters: Masters, problems: Problem[] = []): Contribution[] {
    const zones = this.#zones;
    const { enabled, ttlSeconds } = this.#settings.dcos;
    return zones.collect(
      () => 'masters',
      problems,
      () => {
        writeMasters(zones.mesos, masters);
        if (!enabled) return;
        writeDcosMasters(zones.writer(DCOS_ORIGIN, ttlSeconds), masters);
        writeZk(zones.writer(ZK_ORIGIN, ttlSeconds), masters);
      },
    );
  }

  /** What does not depend on a cluster: the name server's own name and the fixed names of DC/OS. */
  self(problems: Problem[] = []): Contribution[] {
    const zones = this.#zones;
    const { enabled, ttlSeconds, thisNode, aliases = {} } = this.#settings.dcos;
    return zones.collect(
      () => 'this server',
      problems,
      () => {
        if (isSelfInside(this.#settings)) writeSelf(zones.mesos);
        if (!enabled) return;
        writeSpartan(zones.writer(SPARTAN_ORIGIN, ttlSeconds));
        writeLocalhost(zones.writer(LOCALHOST_ORIGIN, ttlSeconds));
        if (thisNode !== undefined) writeThisNode(zones.writer(THISNODE_ORIGIN, ttlSeconds), thisNode);
        for (const [label, names] of Object.entries(aliases)) {
          const origin = parseName(label, DIRECTORY);
          writeAliases(zones.writer(fold(origin), ttlSeconds), origin, names);
        }
      },
    );
  }
}

function systemOf(claimant: Claimant): System | undefined {
  if ('task' in claimant) return claimant.task.framework.system;
  return 'service' in claimant ? 'swarm' : claimant.agent.system;
}
