// The ports of tasks in the notation of `docker port`: `80/tcp -> 0.0.0.0:32771`.
import type { Port } from '../model/port.ts';
import type { Task } from '../model/task.ts';
import { portsOf } from './endpoints.ts';

/** A port as it is asked for: `5000`, `5000/udp`. */
export interface WantedPort {
  readonly number: number;
  /** tcp when absent, as with Docker. */
  readonly protocol: string;
}

/** Reads `5000` or `5000/udp`; undefined for anything else. */
export function parseWantedPort(text: string): WantedPort | undefined {
  const [, number, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  return number === undefined || Number(number) > 65_535 ? undefined : { number: Number(number), protocol };
}

/**
 * A line for each binding of each port that the host has for a task; of several tasks each under its name.
 * @param wanted only the bindings of this port, without what leads to it
 */
export function portList(tasks: readonly Task[], wanted?: WantedPort): string {
  return tasks
    .map((task) => {
      const lines = linesOf(task, wanted);
      return tasks.length > 1 && lines !== '' ? `${task.name}\n${lines}` : lines;
    })
    .join('');
}

function linesOf(task: Task, wanted: WantedPort | undefined): string {
  return portsOf(task)
    .filter(({ hostPort }) => hostPort !== undefined)
    .filter((port) => wanted === undefined || (numberOf(port) === wanted.number && port.protocol === wanted.protocol))
    .flatMap((port) =>
      bindings(task, port).map((binding) => (wanted ? binding : `${numberOf(port)}/${port.protocol} -> ${binding}`)),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** In host networking the program listens on the host's own port. */
function numberOf({ containerPort, hostPort }: Port): number {
  return containerPort ?? hostPort!;
}

/** Where it is bound; a source that does not say has it at the host's addresses. */
function bindings({ agent }: Task, { hostAddress, hostPort }: Port): string[] {
  const ips = hostAddress !== undefined ? [hostAddress] : agent.addresses.length > 0 ? agent.addresses : ['0.0.0.0'];
  return ips.map((ip) => `${ip.includes(':') ? `[${ip}]` : ip}:${hostPort}`);
}
