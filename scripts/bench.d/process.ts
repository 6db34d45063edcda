// What processes have used, from /proc (proc(5)): processor time and memory of a server with all its processes and threads.
import { readdirSync, readFileSync } from 'node:fs';
import { TICKS_PER_SECOND } from './machine.ts';

/** A process and all below it: NSD forks one for each worker, and one that looks after them. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = readStat(Number(entry));
    if (!stat) continue;
    const siblings = children.get(stat.parent) ?? [];
    siblings.push(Number(entry));
    children.set(stat.parent, siblings);
  }
  const tree = [root];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]!) ?? []));
  return tree;
}

/** Processor time used so far, user and system, all threads (those that have ended too), in microseconds. */
export function processorTime(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) ticks += readStat(pid)?.ticks ?? 0;
  return (ticks * 1e6) / TICKS_PER_SECOND;
}

/** Memory in MiB. */
export interface Memory {
  /** In use now. Of a server of several processes, the pages that they share count once. */
  readonly resident: number;
  /** The most of any one process so far. */
  readonly peak: number;
}

export function memory(pids: readonly number[]): Memory {
  const field = (pid: number, file: string, name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? 0) /
    1024;
  const [only] = pids;
  const resident =
    pids.length === 1 && only !== undefined
      ? field(only, 'status', 'VmRSS')
      : pids.reduce((sum, pid) => sum + field(pid, 'smaps_rollup', 'Pss'), 0);
  return { resident, peak: Math.max(...pids.map((pid) => field(pid, 'status', 'VmHWM'))) };
}

function readStat(pid: number): { readonly parent: number; readonly ticks: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has ended since it was listed.
    return undefined;
  }
  // The name, in parentheses, may hold anything; what follows begins with field 3, the state.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}
