// The update path in this process, wired as in src/app.ts, with a source whose tasks are changed by a call: what a source
// that follows its system by events does, and what no file of 75 MB can do a hundred times a second.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { schedule } from '../../src/base/schedule.ts';
import { buildConfig, type Config } from '../../src/config.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { Task } from '../../src/model/task.ts';
import { Publisher } from '../../src/publish.ts';
import type { RecordSettings } from '../../src/records/settings.ts';
import { VipAddresses } from '../../src/records/vip-addresses.ts';
import { readDocument } from '../../src/sources/document.ts';
import { HealthPolicy } from '../../src/sources/health.ts';
import { SourceManager } from '../../src/sources/manager.ts';
import type { Source, SourceSink } from '../../src/sources/source.ts';
import { Image } from '../../src/zone/image.ts';
import type { ImageBuffers } from '../../src/zone/layout.ts';
import { ZoneStore } from '../../src/zone/store.ts';
import { random } from '../../test/sources/generate-state.ts';

/** A change of one task, as a client can see it. */
export interface Change {
  /** A name of the task. */
  readonly name: string;
  /** The address that it has from now on. */
  readonly address: string;
}

/** A source that reports the documents of a file or folder, then whatever it is told. */
class LiveSource implements Source {
  readonly name = 'bench';
  readonly #path: string;
  #sink: SourceSink | undefined;
  tasks: Task[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  async start(sink: SourceSink): Promise<void> {
    const isFolder = statSync(this.#path).isDirectory();
    const files = isFolder ? readdirSync(this.#path).map((name) => join(this.#path, name)) : [this.#path];
    const parts = files.map((file) => readDocument(readFileSync(file)).cluster);
    const cluster: Cluster = {
      tasks: parts.flatMap(({ tasks }) => tasks),
      agents: parts.flatMap(({ agents }) => agents),
      frameworks: parts[0]!.frameworks,
      masters: parts[0]!.masters,
    };
    this.tasks = cluster.tasks.filter(({ state, discovery }) => state === 'running' && discovery !== undefined);
    this.#sink = sink;
    sink.snapshot(cluster);
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
  }

  /** Reports a task that has moved: another address, other ports. */
  change(index: number, address: string, port: number): Change {
    const task = this.tasks[index]!;
    const { name, ports } = task.discovery!;
    const moved: Task = {
      ...task,
      addresses: [{ ip: address, origin: 'netinfo' }],
      hostPorts: task.hostPorts.map((_, i) => port + i),
      discovery: { name, ports: ports.map((old, i) => ({ ...old, number: port + i })) },
    };
    this.tasks[index] = moved;
    this.#sink?.change({ tasks: [moved] });
    return { name: `${name}.${task.framework.name}.mesos`, address };
  }
}

export class LiveCluster {
  readonly config: Config;
  readonly image: Image;
  readonly store: ZoneStore;
  readonly #source: LiveSource;
  readonly #manager: SourceManager;
  readonly #publisher: Publisher;
  readonly #next = random(17);
  #changes = 0;

  /** @param adopt is told of new buffers of the image */
  constructor(path: string, adopt: (buffers: ImageBuffers) => void) {
    const config = buildConfig([]);
    const { mode, mesos, dcos, reverse } = config;
    const settings: RecordSettings = { mode, mesos, dcos, reverse };
    const now = () => Date.now();
    const log = createLog('error');
    const metrics = new Metrics();
    this.config = config;
    this.image = new Image(adopt);
    this.store = new ZoneStore(this.image, now);
    const publisher = new Publisher({
      settings,
      vips: new VipAddresses(settings.dcos.vip),
      store: this.store,
      log,
      metrics,
    });
    this.#publisher = publisher;
    this.#source = new LiveSource(path);
    const health = new HealthPolicy({
      settings: config.health,
      namesOf: publisher.sharedNames,
      publish: (deltas) => {
        for (const delta of deltas) publisher.apply(delta);
      },
      metrics,
      schedule,
    });
    this.#manager = new SourceManager({
      sources: [{ source: this.#source, isRequired: true }],
      onDelta: (delta) => health.apply([delta]),
      log,
      metrics,
      now,
      schedule,
    });
  }

  /** Reads the state and publishes it. */
  async load(): Promise<void> {
    await this.#manager.start();
    this.#publisher.setReady(true);
    this.#publisher.forget();
  }

  /** Changes one task, drawn by lot; it is published when the call returns. */
  change(): Change {
    this.#changes++;
    // 198.18.0.0/15 is there for benchmarks (RFC 2544).
    const address = `198.${18 + ((this.#changes >> 16) & 1)}.${(this.#changes >> 8) & 255}.${this.#changes & 255}`;
    const index = Math.floor(this.#next() * this.#source.tasks.length);
    return this.#source.change(index, address, 1_025 + Math.floor(this.#next() * 30_000));
  }
}
