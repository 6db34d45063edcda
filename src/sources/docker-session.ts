// One connection to an engine's events, from its opening to its end: all containers are listed after the stream is open,
// so nothing falls in between, and from then on each event has its container looked at once.

import type { Problem } from '../model/cluster.ts';
import type { Network } from '../model/network.ts';
import { sleep } from './backoff.ts';
import type { ContainerFacts } from './docker-containers.ts';
import { readContainer } from './docker-containers.ts';
import type { DockerEngine } from './docker-engine.ts';
import { EngineError } from './docker-engine.ts';
import type { EngineEvent } from './docker-events.ts';
import { readEvents } from './docker-events.ts';
import type { HoldDown } from './docker-hold.ts';
import type { MachineSettings, ThisMachine } from './docker-machine.ts';
import { describeMachine } from './docker-machine.ts';
import { GATEWAY_BRIDGE, readGuests, readNetwork } from './docker-networks.ts';
import type { Roster } from './docker-roster.ts';
import type { Fields } from './fields.ts';
import { objectOf, textOf } from './fields.ts';
import type { SourceSink } from './source.ts';

export interface SessionOptions {
  readonly engine: DockerEngine;
  /** Outlives the session, as the next one is to start from what is known. */
  readonly roster: Roster;
  readonly hold: HoldDown;
  readonly settings: MachineSettings;
  /** Milliseconds. */
  readonly resyncMs: number;
  readonly machine: ThisMachine;
  readonly sink: SourceSink;
  readonly onListed: () => void;
  readonly onEvent: () => void;
}

/**
 * What we want to be told of. Without the actions each health check would send three events of its own. `remove` is
 * what Podman says for destroy.
 */
const FILTERS = {
  type: ['container', 'network'],
  event: [
    'start',
    'die',
    'destroy',
    'remove',
    'rename',
    'pause',
    'unpause',
    'health_status',
    'connect',
    'disconnect',
    'update',
  ],
};

/** Containers looked at together. An engine locks each one while it answers; more would only wait there. */
const LOOKS_AT_ONCE = 16;

/** Milliseconds for which the event of a difference that a listing showed may be under way. */
const EVENT_GRACE_MS = 1_000;

/** A look at a container that is under way. */
interface Look {
  /** Something happened since it began. */
  isAgain: boolean;
  /** The container went since it began. */
  isVoid: boolean;
}

export class EngineSession {
  readonly #options: SessionOptions;
  readonly #ended = new AbortController();
  readonly #looks = new Map<string, Look>();
  readonly #waiting: (() => void)[] = [];
  #lookCount = 0;
  /** How often guests have been looked for. */
  #guestReadings = 0;
  /** Containers of which events came since the listing that is under way began. */
  #touched = new Set<string>();
  #isTold = false;
  #info: Fields | undefined;
  #fail: (error: unknown) => void = () => {};
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Runs until something ends it.
   * @throws Error saying what; its message is for the log
   */
  async run(outer: AbortSignal): Promise<void> {
    const end = () => this.#ended.abort(outer.reason);
    outer.addEventListener('abort', end, { once: true });
    const failure = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    // Nobody waits for it while the session is being opened.
    failure.catch(() => {});
    try {
      await Promise.race([this.#open(), failure]);
    } finally {
      outer.removeEventListener('abort', end);
      this.#ended.abort();
      for (const timer of this.#timers.values()) clearTimeout(timer);
    }
  }

  async #open(): Promise<void> {
    const { engine, resyncMs, onListed } = this.#options;
    const { signal } = this.#ended;
    await engine.negotiate(signal);
    const [info, events] = await Promise.all([this.#readInfo(), this.#openEvents()]);
    this.#info = info;
    const pumped = this.#pump(readEvents(events));
    pumped.catch(this.#fail);
    await this.#list();
    onListed();
    for (;;) {
      await sleep(resyncMs, signal);
      if (signal.aborted) return;
      await this.#resync();
    }
  }

  /** A proxy that does not let it pass costs only what it tells: the machine's name and its place in a swarm. */
  async #readInfo(): Promise<Fields> {
    try {
      return await this.#options.engine.info(this.#ended.signal);
    } catch (error) {
      if (error instanceof EngineError && (error.status === 403 || error.status === 404)) return {};
      throw error;
    }
  }

  /** Podman refuses filters that it does not know; all events of the two types do then. */
  async #openEvents(): Promise<AsyncIterable<Buffer>> {
    const { engine } = this.#options;
    try {
      return await engine.events(FILTERS, this.#ended.signal);
    } catch (error) {
      if (!(error instanceof EngineError) || (error.status !== 400 && error.status !== 500)) throw error;
      return engine.events({ type: FILTERS.type }, this.#ended.signal);
    }
  }

  async #pump(events: AsyncIterable<EngineEvent>): Promise<void> {
    for await (const event of events) this.#happened(event);
    throw new Error(`The engine at ${this.#options.engine.place} ended its stream of events; it is asked again`);
  }

  #happened({ type, action, id, attributes }: EngineEvent): void {
    const { roster, hold, onEvent } = this.#options;
    if (type === 'network') {
      // At `docker run` this comes before `start`, which has the container looked at.
      const container = textOf(attributes.container);
      if (container === undefined || !roster.has(container)) return;
      onEvent();
      this.#look(container);
      return;
    }
    if (type !== 'container') return;
    if (action === 'die' || action === 'destroy' || action === 'remove') {
      if (action === 'die') hold.died(id);
      else hold.forget(id);
      onEvent();
      this.#gone(id);
    } else if (action === 'start' || (FILTERS.event.includes(action) && roster.has(id))) {
      if (action === 'start') hold.started(id);
      onEvent();
      this.#look(id);
    }
  }

  /** Looks at a container and tells what it found. */
  #look(id: string): void {
    this.#touched.add(id);
    this.#options.roster.listed.delete(id);
    const look = this.#looks.get(id);
    if (look) look.isAgain = true;
    else this.#lookNow(id).catch(this.#fail);
  }

  async #lookNow(id: string): Promise<void> {
    const look: Look = { isAgain: false, isVoid: false };
    this.#looks.set(id, look);
    try {
      do {
        look.isAgain = false;
        look.isVoid = false;
        const facts = await this.#inspect(id);
        if (!look.isVoid && !look.isAgain && facts !== 'unknown') this.#found(id, facts);
      } while (look.isAgain);
    } finally {
      this.#looks.delete(id);
    }
  }

  #found(id: string, facts: ContainerFacts | undefined): void {
    const { roster } = this.#options;
    if (facts) this.#tellWhenReleased(id);
    this.#tell(facts ? roster.put(facts) : roster.remove(id));
    if (facts && roster.overlayOf(id) !== undefined) this.#readGuests().catch(this.#fail);
  }

  /**
   * A container that is held back is told of again when it has been up for long enough. To be called before it is told of:
   * afterwards its time may be over, and nobody would hear of it.
   */
  #tellWhenReleased(id: string): void {
    const remaining = this.#options.hold.remaining(id);
    clearTimeout(this.#timers.get(id));
    if (remaining <= 0) return;
    const release = (): void => {
      // A timer may be a moment early by the clock that says how long it has been up.
      this.#tellWhenReleased(id);
      this.#tell([id]);
    };
    this.#timers.set(id, setTimeout(release, remaining));
  }

  #gone(id: string): void {
    this.#touched.add(id);
    this.#options.roster.listed.delete(id);
    clearTimeout(this.#timers.get(id));
    const look = this.#looks.get(id);
    if (look) {
      look.isVoid = true;
      look.isAgain = false;
    }
    this.#tell(this.#options.roster.remove(id));
  }

  #tell(ids: Iterable<string>): void {
    if (!this.#isTold) return;
    const change = this.#options.roster.change(ids);
    if (change.tasks.length > 0 || change.removedTasks.length > 0) this.#options.sink.change(change);
  }

  /** @returns undefined when it is not up; `unknown` when the engine fails to tell of just this one */
  async #inspect(id: string, problems: Problem[] = []): Promise<ContainerFacts | undefined | 'unknown'> {
    const turn = this.#turn();
    if (turn) await turn;
    try {
      const { engine, roster } = this.#options;
      const inspected = await engine.container(id, this.#ended.signal);
      if (!inspected) return undefined;
      const facts = readContainer(inspected);
      if (facts.state === 'terminal') return undefined;
      if (this.#isTold && facts.attachments.some(({ networkId }) => !roster.knowsNetwork(networkId)))
        await this.#readNetworks();
      return facts;
    } catch (error) {
      if (error instanceof EngineError && error.status === undefined) throw error;
      if (!(error instanceof EngineError || error instanceof TypeError)) throw error;
      problems.push({ where: `container ${id}`, why: error.message });
      return 'unknown';
    } finally {
      this.#lookCount--;
      this.#waiting.shift()?.();
    }
  }

  /** Counts a look. @returns what it is to wait for when `LOOKS_AT_ONCE` others are under way */
  #turn(): Promise<void> | undefined {
    if (this.#lookCount++ < LOOKS_AT_ONCE) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lists everything and tells of it all. @returns containers that differed although no event had come of them */
  async #list(): Promise<readonly string[]> {
    const { engine, roster, sink, settings, machine } = this.#options;
    const { signal } = this.#ended;
    const problems: Problem[] = [];
    this.#touched = new Set();
    const touched = this.#touched;
    const list = await engine.containers(signal);
    roster.machine = await describeMachine(
      engine.host,
      engine.place,
      settings,
      this.#info!,
      addressesOf(list),
      machine,
    );
    await this.#readNetworks();
    const running = entriesOf(list);
    const missed: string[] = [];
    // Each lane takes the next entry that no other has taken.
    const entries = running.entries();
    const lane = async (): Promise<void> => {
      for (const [id, listed] of entries) {
        if (touched.has(id) || (roster.has(id) && roster.listed.get(id) === listed)) continue;
        if (roster.listed.has(id)) missed.push(id);
        const facts = await this.#inspect(id, problems);
        if (touched.has(id) || facts === 'unknown') continue;
        roster.listed.set(id, listed);
        if (facts) roster.put(facts);
        else roster.remove(id);
      }
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lane));
    for (const id of [...roster.ids])
      if (!running.has(id) && !touched.has(id)) {
        if (roster.listed.delete(id)) missed.push(id);
        roster.remove(id);
      }
    await this.#readGuests();
    this.#isTold = true;
    for (const id of roster.ids) this.#tellWhenReleased(id);
    sink.snapshot(
      {
        tasks: roster.tasks(),
        agents: [roster.machine.agent],
        frameworks: [roster.machine.framework],
        networks: [...roster.networks],
      },
      problems,
    );
    return missed;
  }

  /** Lists everything again, in case an event was lost; a stream that lost one is not trusted any longer. */
  async #resync(): Promise<void> {
    const missed = await this.#list();
    if (missed.length === 0) return;
    const touched = this.#touched;
    await sleep(EVENT_GRACE_MS, this.#ended.signal);
    if (missed.every((id) => touched.has(id))) return;
    throw new Error(`The engine at ${this.#options.engine.place} sends no events any more; it is asked again`);
  }

  async #readNetworks(): Promise<void> {
    const { engine, roster, sink } = this.#options;
    const { agent, isNear } = roster.machine!;
    const withoutAddresses = new Set<string>();
    const listed = await engine.networks(this.#ended.signal);
    // Not before the answer is there: guests may have been found meanwhile.
    const guests = new Map([...roster.networks].map(({ id, guests }) => [id, guests]));
    const networks = listed.flatMap((fields): Network[] => {
      const network = readNetwork(fields, agent.id, isNear);
      if (network) return [{ ...network, guests: guests.get(network.id) }];
      for (const key of [textOf(fields.Id), textOf(fields.Name)]) if (key !== undefined) withoutAddresses.add(key);
      return [];
    });
    roster.setNetworks(networks, withoutAddresses);
    if (this.#isTold) sink.change({ networks });
  }

  /** Finds out which addresses in the bridge of the overlays are whose: clients there stand in their overlay. */
  async #readGuests(): Promise<void> {
    const { engine, roster, sink } = this.#options;
    const asked = roster.network(GATEWAY_BRIDGE);
    if (!asked?.isNear) return;
    if (![...roster.ids].some((id) => roster.overlayOf(id) !== undefined)) return;
    const reading = ++this.#guestReadings;
    const found = await engine.network(asked.id, false, this.#ended.signal);
    const bridge = roster.network(GATEWAY_BRIDGE);
    // A reading that began later knows more.
    if (reading !== this.#guestReadings || !bridge) return;
    const now = { ...bridge, guests: readGuests(found, (id) => roster.overlayOf(id)) };
    roster.setNetworks([...roster.networks].map((network) => (network.id === bridge.id ? now : network)));
    if (this.#isTold) sink.change({ networks: [now] });
  }
}

/**
 * What the listing says of each container, by id; of the time that it has been up, which is never the same, only the
 * health that is noted there.
 */
function entriesOf(list: readonly Fields[]): Map<string, string> {
  const entries = new Map<string, string>();
  for (const entry of list) {
    const id = textOf(entry.Id);
    if (id === undefined) continue;
    const Status = /\((?:un)?healthy\)|\(health: starting\)/.exec(textOf(entry.Status) ?? '')?.[0];
    entries.set(id, JSON.stringify({ ...entry, Status }));
  }
  return entries;
}

function addressesOf(list: readonly Fields[]): Set<string> {
  const addresses = new Set<string>();
  for (const entry of list) {
    const networks = objectOf(objectOf(entry.NetworkSettings).Networks);
    for (const name in networks) {
      const { IPAddress, GlobalIPv6Address } = objectOf(networks[name]);
      if (typeof IPAddress === 'string') addresses.add(IPAddress);
      if (typeof GlobalIPv6Address === 'string') addresses.add(GlobalIPv6Address);
    }
  }
  return addresses;
}
