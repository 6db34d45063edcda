// The answer of Marathon to /v2/apps?embed=apps.tasks (&embed=apps.readiness) as a cluster. Apps come in the shape of
// Marathon 1.5 and later and in the older ones; a task's discovery is what Marathon would tell Mesos, so that the
// same names come out as from Mesos.
import type { Agent } from '../model/agent.ts';
import type { Problem } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import type { Port } from '../model/port.ts';
import type { DiscoveryPort, Task, TaskAddress } from '../model/task.ts';
import { taskKey } from '../model/task.ts';
import { parseIp } from './address.ts';
import type { Fields } from './fields.ts';
import { isObject, listOf, objectOf, show, textOf } from './fields.ts';
import type { DeclaredPort, MarathonApp } from './marathon-app.ts';
import { readMarathonApp } from './marathon-app.ts';
import { addressesOfHost } from './mesos-hosts.ts';
import type { Complain } from './mesos-ports.ts';
import { taskState } from './mesos-tasks.ts';
import type { Reading, Resolve } from './reading.ts';
import { NONE } from './reading.ts';

export interface MarathonAppsOptions {
  /** Name of the framework; `marathon` when absent. */
  readonly framework?: string | undefined;
  /** Its id in Mesos; its name when absent. */
  readonly frameworkId?: string | undefined;
  /** Known addresses of host names; without it a host that is given by name has none. */
  readonly resolve?: Resolve | undefined;
  /** What a task's health was in the last reading, by `taskKey`: Marathon forgets the results when its leader changes. */
  readonly wasHealthy?: ((key: string) => boolean | undefined) | undefined;
}

/**
 * Reads a parsed answer.
 * @throws TypeError when it is no object with a list `apps`
 */
export function readMarathonApps(document: unknown, options: MarathonAppsOptions = {}): Reading {
  const apps = objectOf(document).apps;
  if (!Array.isArray(apps))
    throw new TypeError(
      `expected an object with a list "apps", got ${isObject(document) ? show(apps) : show(document)}`,
    );
  const framework = marathonFramework(options);
  const agents = new Map<string, Agent>();
  const tasks: Task[] = [];
  const problems: Problem[] = [];
  let unembedded = 0;
  apps.forEach((entry, i) => {
    const id = isObject(entry) ? textOf(entry.id) : undefined;
    if (!isObject(entry) || id === undefined) {
      problems.push({ where: `apps[${i}]`, why: 'expected an app, an object with an id; it is left out' });
      return;
    }
    const complain: Complain = (part, why) => problems.push({ where: `apps[${i}]${part} (id ${show(id)})`, why });
    if (entry.tasks === undefined && Number(entry.tasksRunning) > 0) unembedded++;
    const app = readMarathonApp(id, entry, complain);
    listOf(entry.tasks).forEach((value, t) => {
      const task = readTask(objectOf(value), app, framework, agents, options, (part, why) =>
        complain(`.tasks[${t}]${part}`, why),
      );
      if (task) tasks.push(task);
    });
  });
  if (unembedded > 0)
    problems.push({
      where: 'apps',
      why: `${unembedded} of them have running tasks that are not in the answer; ask with ?embed=apps.tasks`,
    });
  return { cluster: { tasks, agents: [...agents.values()], frameworks: [framework] }, problems };
}

/** Marathon itself as a framework; it does not tell where it runs. */
export function marathonFramework({
  framework: name = 'marathon',
  frameworkId: id = name,
}: MarathonAppsOptions): Framework {
  return { id, name, active: true, host: '', port: undefined, addresses: NONE };
}

/** The name by which the tasks of an app or a pod are found: its path from its end, `/a/b` -> `b.a`. */
export function discoveryName(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .reverse()
    .join('.');
}

function readTask(
  fields: Fields,
  app: MarathonApp,
  framework: Framework,
  agents: Map<string, Agent>,
  options: MarathonAppsOptions,
  complain: Complain,
): Task | undefined {
  const id = textOf(fields.id);
  const host = textOf(fields.host);
  if (id === undefined || host === undefined) {
    complain('', 'expected an object with an id and a host; the task is left out');
    return undefined;
  }
  const agent = agentOf(textOf(fields.slaveId) ?? host, host, agents, options.resolve);
  const addresses = addressesOf(fields, app, agent, complain);
  const located = locatePorts(app, listOf(fields.ports));
  const name = discoveryName(app.id);
  const task: Task = {
    id,
    name,
    framework,
    agent,
    // Marathon before 1.1 does not say; it lists tasks that were launched.
    state: fields.state === undefined ? 'running' : taskState(fields.state),
    healthy: undefined,
    ready: !app.notReady.has(id),
    discovery: { name, ports: located.flatMap((port) => discoveryPorts(port, app)) },
    addresses,
    hostPorts: listOf(fields.ports).filter((port): port is number => typeof port === 'number'),
    ports: located.flatMap((port) => modelPorts(port, app, addresses.length > 0)),
    labels: app.labels,
    app: app.id,
    runtime: app.runtime,
    weight: undefined,
  };
  return { ...task, healthy: healthOf(fields, app, () => options.wasHealthy?.(taskKey(task))) };
}

/** The agent of that id, made at its first mention. */
export function agentOf(id: string, host: string, agents: Map<string, Agent>, resolve: Resolve | undefined): Agent {
  let agent = agents.get(id);
  if (!agent) {
    agent = { id, hostname: host, host, port: undefined, addresses: addressesOfHost(host, resolve), labels: undefined };
    agents.set(id, agent);
  }
  return agent;
}

/** In host mode the agent's address stands in where Marathon does not name one. */
function addressesOf(fields: Fields, app: MarathonApp, agent: Agent, complain: Complain): readonly TaskAddress[] {
  const entries = listOf(fields.ipAddresses);
  const addresses: TaskAddress[] = [];
  entries.forEach((entry, i) => {
    const text = objectOf(entry).ipAddress;
    const ip = parseIp(text);
    // Addresses come in the order of the networks; of one network there can be an IPv4 and an IPv6 address.
    const network =
      app.networks.length === 1
        ? app.networks[0]
        : entries.length === app.networks.length
          ? app.networks[i]
          : undefined;
    if (ip !== undefined) addresses.push({ ip, origin: 'netinfo', network });
    else complain(`.ipAddresses[${i}]`, `expected an IP address, got ${show(text)}; it is left out`);
  });
  if (addresses.length > 0 || app.mode !== 'host') return addresses;
  return agent.addresses.map((ip) => ({ ip, origin: 'netinfo', network: undefined }));
}

/** A declared port with the host port that this task was given for it. */
export interface LocatedPort extends DeclaredPort {
  readonly hostPort: number | undefined;
}

/** `ports` of a task are host ports only, in the order of the declared ports that have one. */
function locatePorts(app: MarathonApp, given: readonly unknown[]): readonly LocatedPort[] {
  let next = 0;
  return app.ports.map((port) => {
    if (!port.takesHostPort) return { ...port, hostPort: undefined };
    const hostPort = given[next++];
    const isKnown = typeof hostPort === 'number' && hostPort > 0;
    // A container port of 0 means: the same as the host port.
    return {
      ...port,
      containerPort: port.containerPort || (isKnown ? hostPort : 0),
      hostPort: isKnown ? hostPort : undefined,
    };
  });
}

/** What Marathon writes into the task's DiscoveryInfo: one entry a protocol, and without host port one a network too. */
export function discoveryPorts(port: LocatedPort, app: MarathonApp): DiscoveryPort[] {
  if (port.takesHostPort && port.hostPort === undefined) return [];
  const number = port.hostPort ?? port.containerPort;
  const networks = port.hostPort === undefined ? Math.max(1, (port.networks ?? app.networks).length) : 1;
  return port.protocols.flatMap((protocol) =>
    Array.from({ length: networks }, () => ({ number, name: port.name ?? '', protocol })),
  );
}

/** The ports as the same task has them when it is read from Mesos, and the service port, which Mesos does not know. */
export function modelPorts(port: LocatedPort, app: MarathonApp, hasAddress: boolean): Port[] {
  if (port.takesHostPort && port.hostPort === undefined) return [];
  // In host mode the task listens at the very port it was given; that port is the agent's while no address is known.
  const inHost = app.mode === 'host';
  const containerPort = inHost ? (hasAddress ? port.hostPort : undefined) : port.containerPort || undefined;
  const hostPort = inHost && hasAddress ? undefined : port.hostPort;
  if (containerPort === undefined && hostPort === undefined) return [];
  const networks = hostPort === undefined && !inHost ? (port.networks ?? app.networks) : NONE;
  return port.protocols.map((protocol) => ({
    name: port.name ?? 'default',
    protocol,
    containerPort,
    hostPort,
    servicePort: port.servicePort,
    index: port.index,
    networks: networks.length > 0 ? networks : undefined,
    labels: port.labels,
    vips: port.vips,
  }));
}

/** All checks must have passed; without any result the last verdict stays, and at first it is "no". */
function healthOf(fields: Fields, app: MarathonApp, before: () => boolean | undefined): boolean | undefined {
  if (!app.hasHealthChecks) return undefined;
  const results = listOf(fields.healthCheckResults);
  if (results.length === 0) return before() ?? false;
  return results.every((result) => objectOf(result).alive === true);
}
