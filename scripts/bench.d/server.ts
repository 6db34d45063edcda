// A name server that is measured: a program on a port of loopback, with its files in a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/live/free-port.ts';
import { kill, tracked } from './children.ts';
import { untilAnswered } from './wire-client.ts';

export interface Server {
  readonly name: string;
  readonly port: number;
  /** Its first process; it may have more below. */
  readonly pid: number;
  /** Seconds from the start of the process to its first answer. */
  readonly startSeconds: number;
  stop(): Promise<void>;
}

/** How a server is started, whatever it is. */
export interface StartOptions {
  /** Where servers make their folders. */
  readonly folder: string;
  /** Processors that it may use, as `taskset -c` takes them. */
  readonly cores: string;
  /** Threads or processes that answer. */
  readonly workers: number;
}

/** A command to be started, and how it is known that it answers. */
export interface Launch {
  readonly name: string;
  /** @param folder its own; the command's standard output and error go to `log` in it */
  command(folder: string, port: number): readonly string[];
  /** A name that has an address once all is loaded. */
  readonly probe: string;
  readonly deadlineMs: number;
  /** Milliseconds between two questions. */
  readonly everyMs?: number;
}

/**
 * Starts a server and waits until it answers.
 * @throws Error with the end of its log when it does not
 */
export async function launch(server: Launch, { folder, cores }: StartOptions): Promise<Server> {
  const own = mkdtempSync(join(folder, `${server.name.replace(/\W+/g, '-').toLowerCase()}-`));
  const port = await freePort();
  const command = server.command(own, port);
  const log = openSync(join(own, 'log'), 'w');
  const started = performance.now();
  const child = tracked(spawn('taskset', ['-c', cores, ...command], { stdio: ['ignore', log, log], cwd: own }));
  closeSync(log);
  try {
    await Promise.race([untilAnswered(port, server.probe, server.deadlineMs, server.everyMs), early(child)]);
  } catch (cause) {
    await kill(child);
    const said = readFileSync(join(own, 'log'), 'utf8').split('\n').slice(-20).join('\n');
    throw new Error(`Cannot start ${server.name}: ${(cause as Error).message}; its log ends with\n${said}`, { cause });
  }
  const startSeconds = (performance.now() - started) / 1000;
  return { name: server.name, port, pid: child.pid!, startSeconds, stop: () => kill(child) };
}

/** Fails when the process ends. */
async function early(child: ChildProcess): Promise<never> {
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', reject);
  });
  throw new Error(`it ended with ${status}`);
}
