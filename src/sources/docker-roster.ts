// The containers of one engine that are up, and which of them a change concerns: besides itself those that use its
// network, and those that it is linked to.
import type { LinkName } from '../model/container.ts';
import type { Network } from '../model/network.ts';
import type { Task } from '../model/task.ts';
import { taskKey } from '../model/task.ts';
import type { ContainerFacts } from './docker-containers.ts';
import { containerTask } from './docker-containers.ts';
import type { Machine } from './docker-machine.ts';
import { NONE } from './reading.ts';

/** What a change of containers comes to; as `ClusterChange` has it. */
export interface TaskChange {
  readonly tasks: readonly Task[];
  readonly removedTasks: readonly string[];
}

export class Roster {
  /** Set before anything is asked for. */
  machine: Machine | undefined;
  /** What the engine's listing said of each container when it was last looked at; nothing when that is not known. */
  readonly listed = new Map<string, string>();
  readonly #isHeld: (id: string) => boolean;
  readonly #facts = new Map<string, ContainerFacts>();
  readonly #idOfName = new Map<string, string>();
  /** Containers by the id of the one whose network they use. */
  readonly #guestsOf = new Map<string, Set<string>>();
  /** Containers by the name of the one that they link to. */
  readonly #linkersTo = new Map<string, Set<string>>();
  /** Keys under which tasks were told of, by container. */
  readonly #told = new Map<string, string>();
  #networks: ReadonlyMap<string, Network> = new Map();
  /** Ids and names of networks that give no addresses. */
  #withoutAddresses: ReadonlySet<string> = new Set();

  /** @param isHeld whether a container is held back for failing again and again */
  constructor(isHeld: (id: string) => boolean) {
    this.#isHeld = isHeld;
  }

  get networks(): Iterable<Network> {
    return new Set(this.#networks.values());
  }

  get ids(): Iterable<string> {
    return this.#facts.keys();
  }

  get size(): number {
    return this.#facts.size;
  }

  has(id: string): boolean {
    return this.#facts.has(id);
  }

  get(id: string): ContainerFacts | undefined {
    return this.#facts.get(id);
  }

  /**
   * Takes the networks of the engine; tasks made before stay as they are.
   * @param withoutAddresses ids and names of others that need not be asked for again
   */
  setNetworks(networks: readonly Network[], withoutAddresses = this.#withoutAddresses): void {
    this.#withoutAddresses = withoutAddresses;
    this.#networks = new Map(
      networks.flatMap(
        (network) =>
          [
            [network.id, network],
            [network.name, network],
          ] as const,
      ),
    );
  }

  /** Whether the engine told of a network when it was last asked for all. */
  knowsNetwork(idOrName: string): boolean {
    return this.#networks.has(idOrName) || this.#withoutAddresses.has(idOrName);
  }

  network(idOrName: string): Network | undefined {
    return this.#networks.get(idOrName);
  }

  /** Takes a container, new or changed. @returns the containers that this concerns */
  put(facts: ContainerFacts): Set<string> {
    const concerned = this.#unlist(facts.id);
    this.#facts.set(facts.id, facts);
    this.#idOfName.set(facts.name, facts.id);
    if (typeof facts.network === 'object') add(this.#guestsOf, facts.network.of, facts.id);
    for (const { name } of facts.linksTo) add(this.#linkersTo, name, facts.id);
    return this.#concern(facts, concerned);
  }

  /** Takes a container out. @returns the containers that this concerns; none when it was not in */
  remove(id: string): Set<string> {
    const facts = this.#facts.get(id);
    if (!facts) return new Set();
    const concerned = this.#unlist(id);
    this.#facts.delete(id);
    return this.#concern(facts, concerned);
  }

  /** The tasks of these containers as they are now. */
  change(ids: Iterable<string>): TaskChange {
    const tasks: Task[] = [];
    const removedTasks: string[] = [];
    for (const id of ids) {
      const facts = this.#facts.get(id);
      const before = this.#told.get(id);
      if (facts) {
        const task = this.#task(facts);
        const key = taskKey(task);
        tasks.push(task);
        if (before !== undefined && before !== key) removedTasks.push(before);
        this.#told.set(id, key);
      } else if (before !== undefined) {
        removedTasks.push(before);
        this.#told.delete(id);
      }
    }
    return { tasks, removedTasks };
  }

  /** All tasks. */
  tasks(): readonly Task[] {
    this.#told.clear();
    return this.change(this.#facts.keys()).tasks;
  }

  /** `Network.key` of the first overlay that a container is in. */
  overlayOf(id: string): string | undefined {
    for (const { networkId } of this.#facts.get(id)?.attachments ?? NONE) {
      const network = this.#networks.get(networkId);
      if (network?.kind === 'overlay') return network.key;
    }
    return undefined;
  }

  #task(facts: ContainerFacts): Task {
    const { framework, agent } = this.machine!;
    return containerTask(facts, {
      framework,
      agent,
      networks: this.#networks,
      host: typeof facts.network === 'object' ? this.#facts.get(facts.network.of) : undefined,
      links: this.#linksTo(facts),
      isHeld: this.#isHeld(facts.id),
    });
  }

  #linksTo(facts: ContainerFacts): readonly LinkName[] {
    const linkers = this.#linkersTo.get(facts.name);
    if (!linkers) return NONE;
    return [...linkers].sort().flatMap((id) => {
      const linker = this.#facts.get(id)!;
      const shared = new Set(linker.attachments.map(({ networkId }) => networkId));
      const networks = facts.attachments.flatMap(({ networkId }) =>
        shared.has(networkId) ? (this.#networks.get(networkId)?.key ?? []) : [],
      );
      const aliases = linker.linksTo.filter(({ name }) => name === facts.name).map(({ alias }) => alias);
      return [...new Set(aliases)].map((alias) => ({ alias, linker: linker.name, networks }));
    });
  }

  /** Takes a container out of the indexes. @returns those that it was linked to, by id */
  #unlist(id: string): Set<string> {
    const concerned = new Set<string>();
    const facts = this.#facts.get(id);
    if (!facts) return concerned;
    if (this.#idOfName.get(facts.name) === id) this.#idOfName.delete(facts.name);
    if (typeof facts.network === 'object') drop(this.#guestsOf, facts.network.of, id);
    for (const { name } of facts.linksTo) {
      drop(this.#linkersTo, name, id);
      const target = this.#idOfName.get(name);
      if (target !== undefined) concerned.add(target);
    }
    return concerned;
  }

  #concern(facts: ContainerFacts, concerned: Set<string>): Set<string> {
    concerned.add(facts.id);
    for (const guest of this.#guestsOf.get(facts.id) ?? []) concerned.add(guest);
    for (const { name } of facts.linksTo) {
      const target = this.#idOfName.get(name);
      if (target !== undefined) concerned.add(target);
    }
    return concerned;
  }
}

function add(index: Map<string, Set<string>>, key: string, value: string): void {
  const values = index.get(key);
  if (values) values.add(value);
  else index.set(key, new Set([value]));
}

function drop(index: Map<string, Set<string>>, key: string, value: string): void {
  const values = index.get(key);
  values?.delete(value);
  if (values?.size === 0) index.delete(key);
}
