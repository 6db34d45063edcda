// A program that asks a server: where it runs, where what it says goes, and what it cost the server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { kill, tracked } from './children.ts';
import { processorTime, processTree } from './process.ts';

/** Seconds after its time at which a program that has not ended is ended. */
const GRACE_SECONDS = 15;

export interface Asking {
  /** The server's first process. */
  readonly pid: number;
  /** Processors for the program. */
  readonly cores: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** For how long it asks and waits for answers. */
  readonly seconds: number;
  readonly folder: string;
}

/**
 * Runs it.
 * @param read of the file that holds what it said
 * @returns that, and the microseconds of processor time that the server took meanwhile
 * @throws Error when it fails
 */
export async function runAsking<T>(
  { pid, cores, command, seconds, folder }: Asking,
  read: (path: string) => Promise<T>,
): Promise<{ readonly said: T; readonly spent: number }> {
  const pids = processTree(pid);
  // In a folder of its own: servers may watch those that their files are in, and this may be written to all the time.
  mkdirSync(join(folder, 'answers'), { recursive: true });
  const path = join(folder, 'answers', `${pid}.out`);
  const out = await open(path, 'w');
  const before = processorTime(pids);
  try {
    const child = tracked(spawn('taskset', ['-c', cores, ...command], { stdio: ['ignore', out.fd, 'inherit'] }));
    const timer = setTimeout(() => void kill(child), (seconds + GRACE_SECONDS) * 1000);
    const [status] = (await once(child, 'exit')) as [number | null];
    clearTimeout(timer);
    if (status !== 0) throw new Error(`Cannot measure: ${command.join(' ')} ended with ${status}`);
    const spent = processorTime(pids) - before;
    return { said: await read(path), spent };
  } finally {
    await out.close();
    await rm(path, { force: true });
  }
}
