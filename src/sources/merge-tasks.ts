// When two sources tell of one task, and what it is then. Mesos says that it runs and where; its scheduler (Marathon)
// adds what only a scheduler knows: health of its own checks, readiness, service ports, labels, the app.
import type { Agent } from '../model/agent.ts';
import type { Port } from '../model/port.ts';
import type { Task } from '../model/task.ts';

/**
 * Whether a task was told by the cluster that runs it; one that names its app was told by its scheduler, and one that is
 * a container by the engine below.
 */
export function isToldByCluster(task: Task): boolean {
  return task.app === undefined && task.framework.system === undefined;
}

/**
 * Whether two reports of one task id are about one task: of one framework, which goes by its id or by its name, and on
 * one agent. Ids of tasks alone do not tell: simple schedulers count from 0 in every cluster.
 */
export function isOneTask(a: Task, b: Task): boolean {
  // A container goes by the id of the Mesos task that it is; its engine knows nothing of frameworks.
  if ((a.container === undefined) !== (b.container === undefined)) return isOnOneHost(a.agent, b.agent);
  const isOneFramework = a.framework.id === b.framework.id || a.framework.name === b.framework.name;
  return isOneFramework && isOneMachine(a.agent, b.agent);
}

/** Whether a Mesos agent and an engine are on one machine. */
function isOnOneHost(a: Agent, b: Agent): boolean {
  return a.hostname === b.hostname || a.addresses.some((ip) => b.addresses.includes(ip));
}

/** Marathon before 0.8 does not tell agents' ids: their host stands in, which is the hostname that Mesos knows. */
function isOneMachine(a: Agent, b: Agent): boolean {
  if (a.id === b.id) return true;
  const isUnnamed = a.id === a.host || b.id === b.host;
  return isUnnamed && (a.hostname === b.hostname || a.host === b.host);
}

/**
 * The task that two reports of it make.
 * @param runs who says that it runs and where: identity, state, agent, addresses, names
 * @param adds who knows the rest
 */
export function mergeTasks(runs: Task, adds: Task): Task {
  if (adds.container) return addContainer(runs, adds);
  return {
    ...runs,
    // Either can see what the other cannot: Mesos the checks on its agents, Marathon those it makes itself.
    healthy: runs.healthy === false || adds.healthy === false ? false : (runs.healthy ?? adds.healthy),
    ready: runs.ready && adds.ready,
    addresses: runs.addresses.length > 0 ? runs.addresses : adds.addresses,
    hostPorts: runs.hostPorts.length > 0 ? runs.hostPorts : adds.hostPorts,
    ports: mergePorts(runs.ports, adds.ports),
    labels: { ...runs.labels, ...adds.labels },
    app: runs.app ?? adds.app,
    runtime: runs.runtime ?? adds.runtime,
    weight: runs.weight ?? adds.weight,
  };
}

/** An engine sees no more of the ports than Mesos gave it, but it knows the addresses and checks of its own. */
function addContainer(runs: Task, container: Task): Task {
  return {
    ...runs,
    healthy: runs.healthy === false || container.healthy === false ? false : (runs.healthy ?? container.healthy),
    ready: runs.ready && container.ready,
    addresses: runs.addresses.length > 0 ? runs.addresses : container.addresses,
    runtime: runs.runtime ?? 'docker',
  };
}

/** Each port with what the other report knows of it, then the ports that only the other knows. */
function mergePorts(ports: readonly Port[], others: readonly Port[]): readonly Port[] {
  if (others.length === 0) return ports;
  const used = new Set<Port>();
  const merged = ports.map((port) => {
    const candidates = others.filter((other) => isOnePort(port, other));
    const other = candidates.find(({ name }) => name === port.name) ?? candidates[0];
    if (!other) return port;
    for (const candidate of candidates) used.add(candidate);
    return addTo(port, other);
  });
  return [...merged, ...others.filter((other) => !used.has(other))];
}

/** One number is both the host's and the program's in host networking, and each report says it in its own field. */
function isOnePort(a: Port, b: Port): boolean {
  if (a.protocol !== b.protocol) return false;
  if (a.hostPort !== undefined && b.hostPort !== undefined) return a.hostPort === b.hostPort;
  return (a.hostPort ?? a.containerPort) === (b.hostPort ?? b.containerPort);
}

function addTo(port: Port, other: Port): Port {
  // A host port of one report that is the other's container port says nothing new.
  const isMapped = (port.hostPort === undefined) === (other.hostPort === undefined);
  return {
    ...port,
    name: port.name ?? other.name,
    containerPort: port.containerPort ?? (isMapped ? other.containerPort : undefined),
    servicePort: port.servicePort ?? other.servicePort,
    index: port.index ?? other.index,
    networks: port.networks ?? other.networks,
    labels: port.labels ?? other.labels,
    vips: port.vips ?? other.vips,
  };
}
