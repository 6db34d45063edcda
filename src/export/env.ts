// Environment variables that tell a program where another one is: as Docker's links did (DB_PORT_3306_TCP_ADDR), and as
// Marathon gives a program its own ports (PORT0, PORT_HTTP).
import type { Task } from '../model/task.ts';
import { isWell } from '../model/task.ts';
import type { ReachedPort, Side } from './endpoints.ts';
import { reachedPorts } from './endpoints.ts';

/**
 * Variables as of `docker run --link NAME:ALIAS`. Of several tasks the first has the alias itself, and each has it with
 * its number behind, as compose did.
 * @param alias what the names begin with: `db` gives `DB_PORT`
 * @returns lines `NAME=value`
 */
export function linkEnvironment(tasks: readonly Task[], alias: string, side: Side): string {
  const linked = tasks.filter(isWell);
  const [first] = linked;
  if (!first) return '';
  const lines = linkLines(first, prefixOf(alias), side);
  if (linked.length > 1)
    for (const [i, task] of linked.entries()) lines.push(...linkLines(task, prefixOf(`${alias}_${i + 1}`), side));
  return lines.map((line) => `${line}\n`).join('');
}

function linkLines(task: Task, prefix: string, side: Side): string[] {
  const ports = [...reachedPorts(task, side)].sort((a, b) => a.number - b.number || (a.protocol < b.protocol ? -1 : 1));
  const [first] = ports;
  const lines = [`${prefix}_NAME=/${task.name}`];
  if (first) lines.push(`${prefix}_PORT=${urlOf(first)}`);
  for (const port of ports) {
    const name = `${prefix}_PORT_${port.number}_${port.protocol.toUpperCase()}`;
    lines.push(
      `${name}=${urlOf(port)}`,
      `${name}_PROTO=${port.protocol}`,
      `${name}_PORT=${port.port}`,
      `${name}_ADDR=${port.ip}`,
    );
  }
  return lines;
}

function urlOf({ protocol, ip, port }: ReachedPort): string {
  return `${protocol}://${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

/**
 * Variables as Marathon gives them to a task: HOST, PORT0 and on in the order of its ports, PORT (the first), PORTS, and
 * by name and by number of the container's port.
 * @returns lines `NAME=value`
 */
export function marathonEnvironment(task: Task, side: Side): string {
  const ports = reachedPorts(task, side);
  const lines: string[] = [];
  const [first] = ports;
  const host = first?.ip ?? task.agent.addresses[0] ?? task.agent.hostname;
  lines.push(`HOST=${host}`);
  if (first) lines.push(`PORT=${first.port}`, `PORTS=${ports.map(({ port }) => port).join(',')}`);
  for (const [i, { port }] of ports.entries()) lines.push(`PORT${i}=${port}`);
  for (const { name, port } of ports) if (name) lines.push(`PORT_${prefixOf(name)}=${port}`);
  for (const { number, port } of ports) if (number !== port) lines.push(`PORT_${number}=${port}`);
  return [...new Set(lines)].map((line) => `${line}\n`).join('');
}

/** What a shell takes as a name. */
function prefixOf(text: string): string {
  return text
    .toUpperCase()
    .replace(/[^A-Z0-9_]+/g, '_')
    .replace(/^(?=\d)/, '_');
}
