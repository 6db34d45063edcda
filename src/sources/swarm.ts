// A Docker Swarm as a source: its services, tasks, nodes and networks from a manager. Managers tell of changes of
// services, nodes and networks, but of no task (moby issue 37403), so tasks are asked for again and again, and quicker for
// a while after something else changed. Where no manager can be asked, a worker tells what it has by gossip.
import { z } from 'zod';
import { timeout } from '../base/units.ts';
import type { Framework } from '../model/framework.ts';
import type { Port } from '../model/port.ts';
import { Backoff, sleep } from './backoff.ts';
import type { SourceContext, SourceDefinition } from './definition.ts';
import { readContainer } from './docker-containers.ts';
import { DockerEngine } from './docker-engine.ts';
import { readEvents } from './docker-events.ts';
import { DEFAULT_HOST, engineHost, engineOptions, engineShape } from './docker-settings.ts';
import type { Fields } from './fields.ts';
import { objectOf, textOf } from './fields.ts';
import { NONE } from './reading.ts';
import type { Source, SourceSink } from './source.ts';
import { readGossip } from './swarm-gossip.ts';
import type { SwarmAnswers } from './swarm-read.ts';
import { hasAmbiguousPorts, readSwarm } from './swarm-read.ts';

const configuration = z.strictObject({
  kind: z.literal('swarm'),
  hosts: z
    .array(engineHost, { error: 'a list of engines' })
    .min(1, { error: 'at least one engine' })
    .optional()
    .describe('Engines of the swarm, managers first; DOCKER_HOST when absent, and then the usual socket'),
  ...engineShape,
  poll: timeout('2s').prefault('2s').describe('How often tasks are asked for'),
  pollFast: timeout('500ms')
    .prefault('500ms')
    .describe('The same for 15 s after a change of a service, node or network'),
  resync: timeout('30s').prefault('30s').describe('How often all else is asked for, in case an event was lost'),
});

export type SwarmSettings = z.output<typeof configuration>;

export const SWARM = {
  kind: 'swarm',
  configuration,
  create: (settings, context) => new SwarmSource(settings, context),
} satisfies SourceDefinition<SwarmSettings>;

/** `start` and `die` are of containers of the manager's own node: its tasks need not wait for the next time. */
const FILTERS = {
  type: ['service', 'node', 'network', 'container'],
  event: ['create', 'update', 'remove', 'start', 'die'],
};

/** Milliseconds after a change for which tasks are asked for quickly. */
const FAST_FOR_MS = 15_000;

/** Milliseconds between two rounds, at least: an update of a service makes many events. */
const CALM_MS = 50;

/** Milliseconds. A worker's view costs a request for each network. */
const GOSSIP_POLL_MS = 5_000;

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
const SETTLED_MS = 10_000;

/** An engine of the swarm and what it said of itself. */
interface Member {
  readonly engine: DockerEngine;
  readonly swarm: Fields;
}

class SwarmSource implements Source {
  readonly name: string;
  readonly #settings: SwarmSettings;
  readonly #context: SourceContext;
  readonly #engines: readonly DockerEngine[];
  readonly #ended = new AbortController();
  /** Which engine is tried first. */
  #first = 0;
  #running: Promise<void> | undefined;

  constructor(settings: SwarmSettings, context: SourceContext) {
    const hosts = settings.hosts ?? [DEFAULT_HOST];
    this.name = `swarm ${hosts.join(' ')}`;
    this.#settings = settings;
    this.#context = context;
    this.#engines = hosts.map((host) => new DockerEngine(engineOptions(host, settings, context.now)));
  }

  start(sink: SourceSink): Promise<void> {
    return new Promise((resolve) => {
      this.#running = this.#run(sink, resolve);
    });
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#engines.map((engine) => engine.close()));
    await this.#running;
  }

  /** @param onFirst called when the first attempt has ended */
  async #run(sink: SourceSink, onFirst: () => void): Promise<void> {
    const { now } = this.#context;
    const { signal } = this.#ended;
    const backoff = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, settledMs: SETTLED_MS, now });
    const onGood = () => {
      backoff.good();
      onFirst();
    };
    while (!signal.aborted) {
      try {
        const { engine, swarm } = await this.#member(signal);
        if (swarm.ControlAvailable === true)
          await new ManagerSession(engine, swarm, this.#settings, now, sink).run(signal, onGood);
        else await this.#gossip(engine, sink, signal, onGood);
      } catch (error) {
        if (signal.aborted) break;
        this.#first = (this.#first + 1) % this.#engines.length;
        sink.trouble(error instanceof Error ? error.message : String(error));
      }
      onFirst();
      if (!signal.aborted) await sleep(backoff.failed(), signal);
    }
    onFirst();
  }

  /**
   * The engine to ask: the first that is a manager, else the first that is in a swarm at all.
   * @throws Error saying what was wrong with each
   */
  async #member(signal: AbortSignal): Promise<Member> {
    const faults: string[] = [];
    let worker: Member | undefined;
    for (let i = 0; i < this.#engines.length; i++) {
      const engine = this.#engines[(this.#first + i) % this.#engines.length]!;
      try {
        await engine.negotiate(signal);
        const swarm = objectOf((await engine.info(signal)).Swarm);
        if (swarm.ControlAvailable === true) return { engine, swarm };
        if (swarm.LocalNodeState === 'active') worker ??= { engine, swarm };
        else
          faults.push(
            `The engine at ${engine.place} is in no swarm (it is ${textOf(swarm.LocalNodeState) ?? 'inactive'})`,
          );
      } catch (error) {
        signal.throwIfAborted();
        faults.push(error instanceof Error ? error.message : String(error));
      }
    }
    if (worker) return worker;
    throw new Error(faults.join('; '));
  }

  /** Asks a worker until a manager can be asked. */
  async #gossip(engine: DockerEngine, sink: SourceSink, signal: AbortSignal, onGood: () => void): Promise<void> {
    const framework = frameworkOf({});
    while (!signal.aborted) {
      const overlays = (await engine.networks(signal)).filter(({ Driver }) => Driver === 'overlay');
      const verbose = await Promise.all(
        overlays.flatMap(({ Id }) => (textOf(Id) === undefined ? [] : engine.network(textOf(Id)!, true, signal))),
      );
      const { cluster, problems } = readGossip(verbose, framework);
      sink.snapshot(cluster, problems);
      onGood();
      await sleep(Math.max(this.#settings.poll, GOSSIP_POLL_MS), signal);
      if (!signal.aborted && (await this.#member(signal)).swarm.ControlAvailable === true) return;
    }
  }
}

function frameworkOf(swarm: Fields): Framework {
  const id = textOf(objectOf(swarm.Cluster).ID) ?? 'swarm';
  return { id, name: 'swarm', active: true, host: '', addresses: NONE, system: 'swarm' };
}

/** What is to be asked for in the next round. */
type Extent = 'tasks' | 'all';

/** One connection to a manager's events, and the rounds of questions that they and the clock cause. */
class ManagerSession {
  readonly #engine: DockerEngine;
  readonly #node: string | undefined;
  readonly #framework: Framework;
  readonly #settings: SwarmSettings;
  readonly #now: () => number;
  readonly #sink: SourceSink;
  readonly #ended = new AbortController();
  /** Ends the pause between two rounds. */
  #wake: () => void = () => {};
  #isHinted = false;
  #extent: Extent = 'all';
  #fastUntil = 0;
  #askedAllAt = 0;
  #known: Omit<SwarmAnswers, 'tasks'> | undefined;
  /** Ports of tasks on the manager's own node, as its engine tells them; by task. */
  readonly #precise = new Map<string, readonly Port[]>();

  constructor(engine: DockerEngine, swarm: Fields, settings: SwarmSettings, now: () => number, sink: SourceSink) {
    this.#engine = engine;
    this.#node = textOf(swarm.NodeID);
    this.#framework = frameworkOf(swarm);
    this.#settings = settings;
    this.#now = now;
    this.#sink = sink;
  }

  async run(outer: AbortSignal, onGood: () => void): Promise<void> {
    const end = () => this.#ended.abort(outer.reason);
    outer.addEventListener('abort', end, { once: true });
    try {
      const events = await this.#engine.events(FILTERS, this.#ended.signal);
      await Promise.race([this.#pump(events), this.#rounds(onGood)]);
    } finally {
      outer.removeEventListener('abort', end);
      this.#ended.abort();
      this.#wake();
    }
  }

  async #pump(chunks: AsyncIterable<Buffer>): Promise<void> {
    for await (const { type, action, attributes } of readEvents(chunks)) {
      if (type === 'container') {
        // Only starts and ends of the swarm's own; `create` is in the filter for the sake of services.
        if (action === 'create' || attributes['com.docker.swarm.task.id'] === undefined) continue;
      } else this.#extent = 'all';
      this.#fastUntil = this.#now() + FAST_FOR_MS;
      this.#isHinted = true;
      this.#wake();
    }
    throw new Error(`The engine at ${this.#engine.place} ended its stream of events; it is asked again`);
  }

  async #rounds(onGood: () => void): Promise<void> {
    const { signal } = this.#ended;
    const { poll, pollFast, resync } = this.#settings;
    while (!signal.aborted) {
      const isDue = this.#now() - this.#askedAllAt >= resync;
      const extent = isDue ? 'all' : this.#extent;
      this.#extent = 'tasks';
      this.#isHinted = false;
      await this.#round(extent);
      onGood();
      await sleep(CALM_MS, signal);
      await this.#pause(this.#now() < this.#fastUntil ? pollFast : poll);
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isHinted || this.#ended.signal.aborted) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await sleep(ms, woken.signal);
    this.#wake = () => {};
  }

  async #round(extent: Extent): Promise<void> {
    const engine = this.#engine;
    const { signal } = this.#ended;
    if (extent === 'all' || !this.#known) {
      this.#askedAllAt = this.#now();
      const [nodes, services, networks] = await Promise.all([
        engine.nodes(signal),
        engine.services(signal),
        engine.networks(signal),
      ]);
      this.#known = { nodes, services, networks };
    }
    const tasks = await engine.tasks(signal);
    await this.#askPorts(tasks);
    const { cluster, problems } = readSwarm({ ...this.#known, tasks }, this.#framework, this.#precise);
    this.#sink.snapshot(cluster, problems);
  }

  /** Asks the manager's own engine which of two ports is for which family. */
  async #askPorts(tasks: readonly Fields[]): Promise<void> {
    const ambiguous = tasks.filter((task) => task.NodeID === this.#node && hasAmbiguousPorts(task));
    const ids = new Set(ambiguous.map(({ ID }) => textOf(ID)));
    for (const id of this.#precise.keys()) if (!ids.has(id)) this.#precise.delete(id);
    for (const task of ambiguous) {
      const id = textOf(task.ID)!;
      const container = textOf(objectOf(objectOf(task.Status).ContainerStatus).ContainerID);
      if (this.#precise.has(id) || container === undefined) continue;
      const inspected = await this.#engine.container(container, this.#ended.signal);
      if (inspected)
        this.#precise.set(
          id,
          readContainer(inspected).ports.filter(({ hostPort }) => hostPort),
        );
    }
  }
}
