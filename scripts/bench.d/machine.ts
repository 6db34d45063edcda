// The machine: which processors a server and its load get, and what of it is told beside the figures.
import { execFileSync, spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';

/** Lists of processors as `taskset -c` takes them. */
export interface Placement {
  readonly server: string;
  readonly load: string;
}

/**
 * Processors of their own for a server of so many workers and for its load. Where there are too few, both use all: the
 * processor time of the server still counts its own work alone, but queries per second then say little.
 */
export function place(workers: number): Placement {
  const count = availableParallelism();
  if (count <= workers) return { server: range(0, count), load: range(0, count) };
  return { server: range(0, workers), load: range(workers, count) };
}

/** All processors for a server with threads beside those that answer; the load is kept on the last one. */
export function placeWithMainThread(): Placement {
  const count = availableParallelism();
  return { server: range(0, count), load: range(Math.max(0, count - 1), count) };
}

/** Processors from `from` to before `to`. */
function range(from: number, to: number): string {
  return to - from === 1 ? String(from) : `${from}-${to - 1}`;
}

/** `2 x AMD EPYC`: all that is told of the machine. */
export function machineText(): string {
  return `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown processor'}`;
}

/** What a program says of its version; undefined when there is no such program. */
export function versionOf(program: string, flag: string): string | undefined {
  const { stdout, stderr, error } = spawnSync(program, [flag], { encoding: 'utf8' });
  if (error) return undefined;
  return /version:? v?(\d[\w.+-]*)/i.exec(`${stdout}\n${stderr}`)?.[1] ?? 'of unknown version';
}

/** Ticks a second in which /proc counts processor time. */
export const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
