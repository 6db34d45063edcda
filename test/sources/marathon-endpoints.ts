// Where the tasks of Marathon are reached, as a text to be read by people: a line for each endpoint.
import type { Port } from '../../src/model/port.ts';
import type { Task } from '../../src/model/task.ts';
import type { Reading } from '../../src/sources/reading.ts';

/** What Marathon makes of a definition when it runs it: two tasks, or instances of a pod, on two agents. */
export interface Run {
  /** Host ports that the first task is given; those of the second are 100 higher. */
  readonly hostPorts?: readonly number[];
  /** Addresses of the first task; those of the second end in the next number. */
  readonly addresses?: readonly string[];
}

/** The second of a pair of tasks has the next address: 172.17.0.2 -> 172.17.0.3. */
function nextAddress(ip: string): string {
  return ip.replace(/\d+$/, (last) => String(Number(last) + 1));
}

const AGENTS = ['192.0.2.1', '192.0.2.2'];

/** The app with two tasks as Marathon would answer it; in host mode the addresses are the agents'. */
export function runningApp(app: object, { hostPorts = [], addresses }: Run, name = 'task'): object {
  const tasks = AGENTS.map((host, i) => ({
    id: `${name}.${i + 1}`,
    host,
    slaveId: `S${i + 1}`,
    state: 'TASK_RUNNING',
    ports: hostPorts.map((port) => port + 100 * i),
    ipAddresses: (addresses?.map(i === 0 ? (ip) => ip : nextAddress) ?? [host]).map((ip) => ({
      ipAddress: ip,
      protocol: 'IPv4',
    })),
    healthCheckResults: [{ alive: i === 0 }],
  }));
  return { id: '/app', ...app, tasks };
}

interface PodSpec {
  readonly id: string;
  readonly networks: readonly { readonly name?: string | null }[];
  readonly containers: readonly {
    readonly name: string;
    readonly healthCheck?: object;
    readonly endpoints?: readonly { readonly name: string; readonly hostPort?: number }[];
  }[];
}

/** The status of a pod of which two instances run; of the second no check passes. */
export function runningPod(spec: PodSpec, { hostPorts = [], addresses }: Run): object {
  const instances = AGENTS.map((agentHostname, i) => {
    const free = hostPorts.map((port) => port + 100 * i);
    return {
      id: `pod.instance-${i + 1}`,
      agentHostname,
      agentId: `S${i + 1}`,
      networks: (addresses ?? []).map((ip, n) => ({
        name: spec.networks[n]?.name ?? undefined,
        addresses: [i === 0 ? ip : nextAddress(ip)],
      })),
      containers: spec.containers.map(({ name, healthCheck, endpoints = [] }) => ({
        name,
        status: 'TASK_RUNNING',
        containerId: `pod.instance-${i + 1}.${name}`,
        endpoints: endpoints.map(({ name: endpoint, hostPort }) => ({
          name: endpoint,
          ...(hostPort !== undefined && { allocatedHostPort: free.shift() }),
          ...(healthCheck && { healthy: i === 0 }),
        })),
      })),
    };
  });
  return { id: spec.id, spec, instances };
}

/**
 * A table of all endpoints (4.3, "Address of port i"): a port with a host port at its agent, any other at the task's own
 * addresses in the port's networks. A task without any has a line, too.
 */
export function endpointTable({ cluster, problems }: Reading): string {
  const rows = cluster.tasks.flatMap((task) => {
    const lines = task.ports.flatMap((port) =>
      placesOf(task, port).map((place) => [
        task.id,
        port.name ?? '-',
        port.protocol,
        place,
        String(port.servicePort ?? '-'),
        readiness(task),
      ]),
    );
    return lines.length > 0 ? lines : [[task.id, '-', '-', '-', '-', readiness(task)]];
  });
  const all = [['task', 'port', 'protocol', 'address:port', 'service port', 'ready'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const table = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return `${[...table, ...problems.map(({ where, why }) => `! ${where}: ${why}`)].join('\n')}\n`;
}

function placesOf(task: Task, { hostPort, containerPort, networks }: Port): string[] {
  const ips =
    hostPort === undefined
      ? task.addresses.filter(({ network }) => !networks || !network || networks.includes(network)).map(({ ip }) => ip)
      : task.agent.addresses;
  return ips.map((ip) => `${ip.includes(':') ? `[${ip}]` : ip}:${hostPort ?? containerPort}`);
}

/** The ready rule of 4.3. */
function readiness({ state, healthy, ready }: Task): string {
  if (state !== 'running') return `no, ${state}`;
  if (healthy === false) return 'no, not healthy';
  return ready ? 'yes' : 'no, not ready';
}
