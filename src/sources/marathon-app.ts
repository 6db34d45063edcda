// What an app of Marathon declares: its networking mode and its ports, the same for the shape of Marathon 1.5 and later
// (`networks`, `container.portMappings`) and the older ones (`ipAddress`, `container.docker.network`, `ports`).
import type { Port, Protocol } from '../model/port.ts';
import { MAX_PORT } from './address.ts';
import type { Fields } from './fields.ts';
import { isObject, listOf, objectOf, show, textOf } from './fields.ts';
import type { Complain } from './mesos-ports.ts';
import { vipsOf } from './mesos-ports.ts';
import { NO_LABELS, NONE } from './reading.ts';

/**
 * `host`: the task has its agent's address; `bridge`: one behind the agent, reached through host ports; `container`: one
 * of its own on one or more networks.
 */
export type NetworkMode = 'host' | 'bridge' | 'container';

export interface DeclaredPort {
  /** Its place in the declaration, from 0. */
  readonly index: number;
  readonly name: string | undefined;
  readonly protocols: readonly Protocol[];
  /** Where the program listens in its container; 0 when that is the host port or not said. */
  readonly containerPort: number;
  /** Whether a task is given a host port for it. */
  readonly takesHostPort: boolean;
  readonly servicePort: number | undefined;
  /** Networks on which it is reached; all of the app's when absent. */
  readonly networks: readonly string[] | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly vips: Port['vips'];
}

export interface MarathonApp {
  /** Path with its leading slash. */
  readonly id: string;
  readonly mode: NetworkMode;
  /** Names of the networks of `container` mode, in order. */
  readonly networks: readonly string[];
  readonly ports: readonly DeclaredPort[];
  readonly labels: Readonly<Record<string, string>>;
  readonly runtime: 'mesos' | 'docker';
  readonly hasHealthChecks: boolean;
  /** Ids of tasks whose readiness check has not passed. */
  readonly notReady: ReadonlySet<string>;
}

/** Reads an app definition or an app as the API returns it; what is wrong in it costs only itself. */
export function readMarathonApp(id: string, app: Fields, complain: Complain): MarathonApp {
  const container = objectOf(app.container);
  const { mode, networks } = networksOf(app, objectOf(container.docker));
  const labels = textsOf(app.labels);
  return {
    id: id.startsWith('/') ? id : `/${id}`,
    mode,
    networks,
    ports: portsOf(app, mode, complain).map((port, index) => ({ ...port, index })),
    labels: Object.keys(labels).length > 0 ? labels : NO_LABELS,
    runtime: container.type === 'DOCKER' ? 'docker' : 'mesos',
    hasHealthChecks: listOf(app.healthChecks).length > 0,
    notReady: new Set(
      listOf(app.readinessCheckResults)
        .map(objectOf)
        .filter(({ ready }) => ready === false)
        .flatMap(({ taskId }) => textOf(taskId) ?? []),
    ),
  };
}

function networksOf(app: Fields, docker: Fields): { mode: NetworkMode; networks: readonly string[] } {
  const entries = listOf(app.networks).filter(isObject);
  if (entries.length > 0) {
    const names = entries.flatMap(({ name }) => textOf(name) ?? []);
    if (entries.some(({ mode }) => mode === 'host')) return { mode: 'host', networks: NONE };
    if (entries.some(({ mode }) => mode === 'container/bridge')) return { mode: 'bridge', networks: NONE };
    return { mode: 'container', networks: names };
  }
  if (docker.network === 'BRIDGE') return { mode: 'bridge', networks: NONE };
  const ipAddress = app.ipAddress;
  if (docker.network !== 'USER' && !isObject(ipAddress)) return { mode: 'host', networks: NONE };
  const name = textOf(objectOf(ipAddress).networkName);
  return { mode: 'container', networks: name === undefined ? NONE : [name] };
}

/** Where nothing is declared, Marathon gives one port; an empty list means none. */
function portsOf(app: Fields, mode: NetworkMode, complain: Complain): readonly Omit<DeclaredPort, 'index'>[] {
  const services = servicePorts(app);
  if (mode === 'host') {
    const { portDefinitions } = app;
    if (Array.isArray(portDefinitions))
      return portDefinitions.map((entry, i) =>
        declaredPort(objectOf(entry), mode, services[i], complain, `.portDefinitions[${i}]`),
      );
    if (Array.isArray(app.ports)) return app.ports.map((_, i) => declaredPort({}, mode, services[i], complain, ''));
    return [declaredPort({ name: 'default' }, mode, undefined, complain, '')];
  }
  const container = objectOf(app.container);
  const mappings = container.portMappings ?? objectOf(container.docker).portMappings;
  if (Array.isArray(mappings))
    return mappings.map((entry, i) =>
      declaredPort(objectOf(entry), mode, services[i], complain, `.portMappings[${i}]`),
    );
  const discovered = objectOf(objectOf(app.ipAddress).discovery).ports;
  if (Array.isArray(discovered))
    return discovered.map((entry, i) => {
      const { number, name, protocol, labels } = objectOf(entry);
      return declaredPort(
        { containerPort: number, name, protocol, labels },
        mode,
        undefined,
        complain,
        `.ipAddress.discovery.ports[${i}]`,
      );
    });
  return [declaredPort({ name: 'default' }, mode, services[0], complain, '')];
}

/** Numbers at which load balancers should offer the ports, by index: of old apps in `ports`, of later in `portDefinitions`. */
function servicePorts(app: Fields): readonly (number | undefined)[] {
  const definitions = listOf(app.portDefinitions).map((entry) => usable(objectOf(entry).port));
  const ports = listOf(app.ports).map(usable);
  return Array.from({ length: Math.max(definitions.length, ports.length) }, (_, i) => definitions[i] ?? ports[i]);
}

function declaredPort(
  entry: Fields,
  mode: NetworkMode,
  service: number | undefined,
  complain: Complain,
  part: string,
): Omit<DeclaredPort, 'index'> {
  const labels = textsOf(entry.labels);
  const networks = listOf(entry.networkNames).flatMap((name) => textOf(name) ?? []);
  const other = Object.entries(labels).filter(([key]) => !/^(?:VIP|vip)/.test(key));
  return {
    name: textOf(entry.name),
    protocols: protocolsOf(entry.protocol, complain, part),
    containerPort: usable(entry.containerPort) ?? 0,
    takesHostPort: mode !== 'container' || typeof entry.hostPort === 'number',
    servicePort: usable(entry.servicePort) ?? service,
    networks: networks.length > 0 ? networks : undefined,
    labels: other.length > 0 ? Object.fromEntries(other) : undefined,
    vips: vipsOf(labels, `${part}.labels`, complain),
  };
}

/** `tcp` (when absent), `udp`, or both as `udp,tcp`. */
function protocolsOf(value: unknown, complain: Complain, part: string): readonly Protocol[] {
  const words = (textOf(value) ?? 'tcp').toLowerCase().split(',');
  const protocols = words
    .map((word) => word.trim())
    .filter((word): word is Protocol => word === 'tcp' || word === 'udp');
  if (protocols.length < words.length)
    complain(`${part}.protocol`, `expected "tcp", "udp" or "udp,tcp", got ${show(value)}`);
  return protocols;
}

function usable(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_PORT ? value : undefined;
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(objectOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
