// Where a task is reached, for exports that write down one side of it: from where containers reach each other, or from
// where only hosts do.
import type { Port, Protocol } from '../model/port.ts';
import type { Task } from '../model/task.ts';

/** `inside`: at its own address where it has one; `outside`: at its host's. */
export type Side = 'inside' | 'outside';

/** A port of a task and where it is reached. */
export interface ReachedPort {
  readonly name: string | undefined;
  readonly protocol: Protocol;
  /** What the program listens on; the host's number where it is on the host's network. */
  readonly number: number;
  readonly ip: string;
  readonly port: number;
}

/** The ports of a task, with those that a swarm publishes for it at every node. */
export function portsOf({ ports, service }: Task): readonly Port[] {
  if (!service) return ports;
  const published = service.ports.map(
    ({ protocol, targetPort, publishedPort, mode }): Port => ({
      protocol,
      containerPort: targetPort,
      ...(mode === 'ingress' && publishedPort !== undefined && { hostPort: publishedPort }),
    }),
  );
  return [...ports, ...published.filter((port) => !ports.some((own) => isOnePort(own, port)))];
}

function isOnePort(a: Port, b: Port): boolean {
  return a.containerPort === b.containerPort && a.protocol === b.protocol;
}

/** Own addresses, IPv4 first; the host's where the task has no network of its own. */
export function addressesOf({ addresses, agent, container }: Task, side: Side): readonly string[] {
  const own = side === 'inside' ? addresses.map(({ ip }) => ip) : [];
  const isApart = container !== undefined && !container.isOnHost;
  const all = own.length > 0 || (isApart && side === 'inside') ? own : agent.addresses;
  return [...new Set(all)].sort((a, b) => Number(a.includes(':')) - Number(b.includes(':')));
}

/** Each port once, by IPv4 where it can be had, in the order of the task. */
export function reachedPorts(task: Task, side: Side): ReachedPort[] {
  const reached = new Map<string, ReachedPort>();
  const hasOwn = side === 'inside' && task.addresses.length > 0 && task.container?.isOnHost !== true;
  for (const port of portsOf(task)) {
    const { name, protocol, containerPort, hostPort, hostAddress } = port;
    const number = containerPort ?? hostPort;
    const at = hasOwn && containerPort !== undefined ? containerPort : hostPort;
    const ip =
      at === hostPort && at !== containerPort
        ? hostIp(task, hostAddress)
        : addressesOf(task, hasOwn ? side : 'outside')[0];
    if (number === undefined || at === undefined || ip === undefined) continue;
    const key = `${number}/${protocol}`;
    const known = reached.get(key);
    if (!known || (known.ip.includes(':') && !ip.includes(':')))
      reached.set(key, { name, protocol, number, ip, port: at });
  }
  return [...reached.values()];
}

/** The address of the host that a port is bound to. */
function hostIp({ agent }: Task, bound: string | undefined): string | undefined {
  if (bound === undefined) return agent.addresses[0];
  if (bound !== '0.0.0.0' && bound !== '::') return bound;
  return agent.addresses.find((ip) => ip.includes(':') === bound.includes(':'));
}

/** The tasks that go by a name: as their own or their id; else those of the app or service of that name. */
export function tasksNamed(tasks: readonly Task[], wanted: string): readonly Task[] {
  const own = tasks.filter(({ id, name, container }) => [id, name, container?.shortId].includes(wanted));
  if (own.length > 0) return own;
  return tasks.filter(({ app, discovery, replica, service }) => {
    const names = [app, app?.replace(/^\//, ''), discovery?.name, service?.name];
    if (replica) names.push(replica.service, `${replica.service}.${replica.stack}`);
    return names.includes(wanted);
  });
}
