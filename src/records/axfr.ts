// The dumps of Mesos-DNS' HTTP interface: `/v1/axfr`, all records of the Mesos domain, and `/v1/enumerate`, by task.
// In the exact mode they list, as the reference does, also names that DNS cannot carry; else what is served.
import type { Cluster } from '../model/cluster.ts';
import type { Task } from '../model/task.ts';
import { isSelfInside, writeAgent, writeFramework, writeMasters, writeSelf } from './cluster.ts';
import { MesosDomain } from './mesos-domain.ts';
import type { RecordSettings } from './settings.ts';
import { isServed, writeMesosTask } from './tasks.ts';
import type { NamedRecord } from './writer.ts';
import { AddressCache, namedRecord, TextWriter, WireWriter } from './writer.ts';

/** `/v1/axfr`. Names are absolute; those of a table and the values of a name are in the order of their characters. */
export interface AxfrDump {
  readonly TTL: number;
  readonly Serial: number;
  readonly RefreshSeconds: number;
  readonly Mname: string;
  readonly Rname: string;
  readonly Domain: string;
  readonly Records: {
    readonly As: Readonly<Record<string, readonly string[]>>;
    readonly AAAAs: Readonly<Record<string, readonly string[]>>;
    readonly SRVs: Readonly<Record<string, readonly string[]>>;
  };
}

/** `/v1/enumerate`. */
export interface Enumeration {
  readonly frameworks: readonly { readonly tasks: readonly EnumeratedTask[]; readonly name: string }[];
}

export interface EnumeratedTask {
  readonly name: string;
  readonly id: string;
  /** Those that no task before it has; null when there are none. */
  readonly records: readonly { readonly name: string; readonly host: string; readonly rtype: string }[] | null;
}

/** Runs rules of the Mesos domain and gives the text of the records they write. */
class Lister {
  readonly #settings: RecordSettings;
  readonly #list: (write: <N>(domain: MesosDomain<N>) => void) => NamedRecord[];

  constructor(settings: RecordSettings) {
    this.#settings = settings;
    const addresses = new AddressCache();
    if (settings.mode === 'exact') {
      const writer = new TextWriter(addresses);
      const domain = new MesosDomain(writer, addresses, settings, false);
      this.#list = (write) => {
        write(domain);
        return writer.take();
      };
    } else {
      const writer = new WireWriter(settings.mesos.ttlSeconds, addresses, ignore);
      const domain = new MesosDomain(writer, addresses, settings, false);
      this.#list = (write) => {
        write(domain);
        return writer
          .take()
          .map(namedRecord)
          .filter((record) => record !== undefined);
      };
    }
  }

  task(task: Task): NamedRecord[] {
    return this.#list((domain) => writeMesosTask(domain, task, ignore));
  }

  /** All records that belong to no task. */
  rest(cluster: Cluster): NamedRecord[] {
    const exact = this.#settings.mode === 'exact';
    return this.#list((domain) => {
      for (const framework of cluster.frameworks) if (isOfMesos(framework)) writeFramework(domain, framework);
      for (const agent of cluster.agents) if (isOfMesos(agent)) writeAgent(domain, agent);
      if (cluster.masters !== undefined) writeMasters(domain, cluster.masters);
      if (exact || isSelfInside(this.#settings)) writeSelf(domain);
    });
  }
}

/** Problems are told when the records are made for serving, not again when they are listed. */
function ignore(): void {}

/** Containers and swarms have zones of their own. */
function isOfMesos({ system }: { readonly system?: unknown }): boolean {
  return system === undefined;
}

/** All records of the Mesos domain as text, each as often as it was made. */
export function* mesosRecords(cluster: Cluster, settings: RecordSettings): Generator<NamedRecord> {
  const lister = new Lister(settings);
  yield* lister.rest(cluster);
  for (const task of cluster.tasks) if (isOfMesos(task.framework)) yield* lister.task(task);
}

/**
 * The `/v1/axfr` document.
 * @param facts what no setting says: the zone's serial and how often the cluster is read
 */
export function axfrDump(
  cluster: Cluster,
  settings: RecordSettings,
  facts: { readonly serial: number; readonly refreshSeconds: number },
): AxfrDump {
  const tables = {
    A: new Map<string, Set<string>>(),
    AAAA: new Map<string, Set<string>>(),
    SRV: new Map<string, Set<string>>(),
  };
  for (const { kind, name, value } of mesosRecords(cluster, settings)) {
    const values = tables[kind].get(name);
    if (values === undefined) tables[kind].set(name, new Set([value]));
    else values.add(value);
  }
  const { mesos } = settings;
  return {
    TTL: mesos.ttlSeconds,
    Serial: facts.serial,
    RefreshSeconds: facts.refreshSeconds,
    Mname: absolute(mesos.soa.mname),
    Rname: absolute(mesos.soa.rname.replaceAll('@', '.')),
    Domain: mesos.domain,
    Records: { As: sorted(tables.A), AAAAs: sorted(tables.AAAA), SRVs: sorted(tables.SRV) },
  };
}

function absolute(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

function sorted(table: ReadonlyMap<string, ReadonlySet<string>>): Record<string, readonly string[]> {
  return Object.fromEntries([...table.keys()].sort().map((name) => [name, [...table.get(name)!].sort()]));
}

/** The `/v1/enumerate` document: the tasks that are served, under their frameworks, with the records each brought. */
export function enumeration(cluster: Cluster, settings: RecordSettings): Enumeration {
  const lister = new Lister(settings);
  const seen = new Set<string>();
  const tasks = new Map<string, EnumeratedTask[]>();
  const frameworks = cluster.frameworks.filter(isOfMesos);
  for (const framework of frameworks) tasks.set(framework.id, []);
  for (const task of cluster.tasks) {
    if (!isOfMesos(task.framework) || !isServed(task, settings.mode === 'exact')) continue;
    const records: { name: string; host: string; rtype: string }[] = [];
    for (const { kind, name, value } of lister.task(task)) {
      const id = `${kind} ${name} ${value}`;
      if (!seen.has(id)) records.push({ name, host: value, rtype: kind });
      seen.add(id);
    }
    tasks.get(task.framework.id)?.push({ name: task.name, id: task.id, records: records.length > 0 ? records : null });
  }
  return {
    frameworks: frameworks.map(({ id, name }) => ({ tasks: tasks.get(id)!, name })),
  };
}
