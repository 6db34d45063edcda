// A hosts file (hosts(5)) of tasks, as Docker writes it for linked containers: `172.17.0.2 db a4bdee731c62`.
import type { Task } from '../model/task.ts';
import { isWell } from '../model/task.ts';
import type { Side } from './endpoints.ts';
import { addressesOf } from './endpoints.ts';

/** A line for each address, sorted by name; tasks without an address on that side have none. */
export function hostsFile(tasks: readonly Task[], side: Side): string {
  const lines = tasks.filter(isWell).flatMap((task) => {
    const names = namesOf(task);
    if (names.length === 0 || (side === 'outside' && task.container && !isPublished(task))) return [];
    return addressesOf(task, side).map((ip) => `${ip}\t${names.join(' ')}\n`);
  });
  const key = (line: string): string => line.slice(line.indexOf('\t'));
  return lines.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a < b ? -1 : 1)).join('');
}

/** At its host's address a container is reached only where it has a port there. */
function isPublished({ ports, service }: Task): boolean {
  return ports.some(({ hostPort }) => hostPort !== undefined) || (service?.ingress.length ?? 0) > 0;
}

/** The name that it goes by, then others that are its alone. */
function namesOf({ name, discovery, framework, container, replica }: Task): string[] {
  const own = discovery?.name ?? name;
  const more = container ? [container.hostname ?? '', container.shortId] : [`${own}.${framework.name}`];
  if (replica?.stack !== undefined) more.push(`${replica.service}.${replica.stack}`);
  return [...new Set([own, ...more].map(hostName).filter(Boolean))];
}

/** What a hosts file can hold: no blanks, no comment. */
function hostName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '')
    .replace(/^[-._]+/, '');
}
