// Recorded answers of engines, and what happens to containers as an engine tells of it: each step changes the state of
// the stand-in and emits the events that were seen for it, in their order.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DockerEngineStandIn, Json } from './docker-engine.ts';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'docker');

/** A recorded answer, fresh with each call: `inspect-web` is `GET /containers/web/json`. */
export function recorded<T = Json>(name: string): T {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as T;
}

/** The containers of the single engine that were recorded, by name. */
export const RECORDED_CONTAINERS = [
  'db',
  'dnsboth',
  'exposeonly',
  'healthy',
  'hostname1',
  'hostnet',
  'intern',
  'multibind',
  'multinet',
  'mvc',
  'myapp_api_1',
  'myapp_api_2',
  'myapp_db_1',
  'myapp_legacy_1',
  'n1',
  'nonenet',
  'p_8080',
  'p_all',
  'p_containeronly',
  'p_fixed',
  'p_hostip',
  'p_loop',
  'p_loop_rand',
  'p_loop_udp',
  'p_v6loop',
  'range',
  'restarting',
  'shared',
  'sick',
  'v6c',
  'web',
] as const;

/** Puts recorded containers and the engine's networks into a stand-in. */
export function load(engine: DockerEngineStandIn, containers: readonly string[] = RECORDED_CONTAINERS): void {
  for (const name of containers) {
    const container = recorded(`inspect-${name}`);
    engine.containers.set(String(container.Id), container);
  }
  engine.networks = [...recorded<Json[]>('networks'), recorded('network-inet1'), recorded('network-mv')];
}

/** A container as `docker run` of these words makes it, on the default bridge where nothing else is said. */
export function container(
  name: string,
  some: {
    readonly id?: string;
    readonly ip?: string;
    readonly network?: { readonly name: string; readonly id: string; readonly aliases?: readonly string[] };
    readonly mode?: string;
    readonly ports?: Readonly<Record<string, readonly Json[] | null>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly env?: readonly string[];
    readonly health?: string;
    readonly links?: readonly string[];
    readonly hostname?: string;
  } = {},
): Json {
  const id = some.id ?? Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);
  const network = some.network ?? { name: 'bridge', id: BRIDGE };
  return {
    Id: id,
    Name: `/${name}`,
    State: {
      Status: 'running',
      Running: true,
      Paused: false,
      ...(some.health !== undefined && { Health: { Status: some.health } }),
    },
    HostConfig: { NetworkMode: some.mode ?? 'default', Links: some.links ?? null },
    Config: {
      Hostname: some.hostname ?? id.slice(0, 12),
      Env: some.env ?? [],
      Labels: some.labels ?? {},
      ExposedPorts: Object.fromEntries(Object.keys(some.ports ?? {}).map((key) => [key, {}])),
    },
    NetworkSettings: {
      Ports: some.ports ?? {},
      Networks: {
        [network.name]: {
          NetworkID: network.id,
          IPAddress: some.ip ?? '172.17.0.99',
          GlobalIPv6Address: '',
          Aliases: network.aliases ?? null,
        },
      },
    },
  };
}

/** Id of the default bridge in the recorded networks. */
export const BRIDGE = '564029a716b1bb779c2be7097bab09b4182e22ec976dc6880b3cc8834f7c17b7';

/** What can happen on an engine. */
export class Scenario {
  readonly #engine: DockerEngineStandIn;

  constructor(engine: DockerEngineStandIn) {
    this.#engine = engine;
  }

  /** `docker run`: created, connected to its network, started. */
  run(container: Json): string {
    const id = String(container.Id);
    this.#engine.containers.set(id, container);
    this.#tell('create', id);
    this.#network('connect', id);
    this.#tell('start', id);
    return id;
  }

  /** `docker kill`, or the end of its program. */
  die(id: string, isRemoved = true): void {
    this.#tell('kill', id);
    const container = this.#get(id);
    container.State = { ...(container.State as Json), Status: 'exited', Running: false };
    this.#tell('die', id);
    this.#network('disconnect', id);
    if (!isRemoved) return;
    this.#tell('destroy', id);
    this.#engine.containers.delete(id);
  }

  /** `docker start` of one that ended. */
  start(id: string): void {
    this.#get(id).State = { Status: 'running', Running: true, Paused: false };
    this.#network('connect', id);
    this.#tell('start', id);
  }

  /** A health check with another verdict, after the events that every check makes. */
  health(id: string, status: string): void {
    for (const step of ['exec_create: check', 'exec_start: check', 'exec_die']) this.#tell(step, id);
    (this.#get(id).State as Json).Health = { Status: status };
    this.#tell(`health_status: ${status}`, id);
  }

  rename(id: string, name: string): void {
    this.#get(id).Name = `/${name}`;
    this.#tell('rename', id);
  }

  pause(id: string, isPaused = true): void {
    const state = this.#get(id).State as Json;
    state.Paused = isPaused;
    state.Status = isPaused ? 'paused' : 'running';
    this.#tell(isPaused ? 'pause' : 'unpause', id);
  }

  /** `docker network connect`. */
  connect(id: string, name: string, endpoint: Json): void {
    const networks = (this.#get(id).NetworkSettings as Json).Networks as Json;
    networks[name] = endpoint;
    this.#engine.emit('network', 'connect', String(endpoint.NetworkID), { container: id, name });
  }

  /** A swarm's node stops answering; its tasks go on saying that they run. */
  nodeDown(id: string): void {
    const node = this.#engine.nodes.find(({ ID }) => ID === id)!;
    node.Status = { ...(node.Status as Json), State: 'down', Message: 'heartbeat failure' };
    this.#engine.emit('node', 'update', id, { 'state.old': 'ready', 'state.new': 'down' });
  }

  /** `docker node update --availability drain`: its tasks are to end, and go on running for a while. */
  drain(id: string): void {
    const node = this.#engine.nodes.find(({ ID }) => ID === id)!;
    node.Spec = { ...(node.Spec as Json), Availability: 'drain' };
    for (const task of this.#engine.tasks) if (task.NodeID === id) task.DesiredState = 'shutdown';
    this.#engine.emit('node', 'update', id, { 'availability.old': 'active', 'availability.new': 'drain' });
  }

  /** The daemon stops and starts; its containers live on. */
  async restart(): Promise<void> {
    this.#engine.endStreams();
    await this.#engine.down();
    await this.#engine.up();
  }

  #get(id: string): Json {
    return this.#engine.containers.get(id)!;
  }

  #tell(action: string, id: string): void {
    const name = String(this.#get(id).Name).slice(1);
    this.#engine.emit('container', action, id, { name });
  }

  #network(action: string, id: string): void {
    const networks = (this.#get(id).NetworkSettings as Json).Networks as Record<string, Json>;
    for (const [name, { NetworkID }] of Object.entries(networks))
      this.#engine.emit('network', action, String(NetworkID), { container: id, name, type: 'bridge' });
  }
}

/** As many containers as wanted, in the shapes that were recorded, each with an id, name, address and ports of its own. */
export function many(count: number): Json[] {
  const shapes = RECORDED_CONTAINERS.filter((name) => name !== 'shared').map((name) => recorded(`inspect-${name}`));
  return Array.from({ length: count }, (_, i) => {
    const container = structuredClone(shapes[i % shapes.length]!);
    const id = i.toString(16).padStart(8, '0').padEnd(64, 'a');
    const config = container.Config as Json;
    config.Hostname = id.slice(0, 12);
    container.Id = id;
    container.Name = `${String(container.Name)}-${i}`;
    const settings = container.NetworkSettings as Json;
    for (const endpoint of Object.values(settings.Networks as Record<string, Json>))
      if (endpoint.IPAddress) endpoint.IPAddress = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
    for (const bindings of Object.values(settings.Ports as Record<string, Json[] | null>))
      for (const binding of bindings ?? []) binding.HostPort = String(20_000 + i);
    return container;
  });
}
