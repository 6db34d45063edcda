// The real program, started for a test on ports of loopback that are free, and stopped with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** Programs that run now; none outlives the tests, however they end. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function start(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.on('close', () => running.delete(child));
  return child;
}

/** What a run of the program gave. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `portolan ARGS` to its end. */
export async function portolan(...args: string[]): Promise<Run> {
  return collect(start(process.execPath, [MAIN, ...args]));
}

/** Runs any program to its end; its standard input is empty. */
export async function run(program: string, ...args: string[]): Promise<Run> {
  return collect(start(program, args));
}

async function collect(child: ChildProcess): Promise<Run> {
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    stderr += chunk;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { status, stdout, stderr };
}

export interface Server {
  readonly port: number;
  readonly pid: number;
  /** Lines of the log so far, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** Sends SIGTERM and waits for the end. @returns the exit status */
  stop(): Promise<number | null>;
  /** Ends it without a farewell (SIGKILL). */
  kill(): Promise<unknown>;
}

/**
 * Starts `portolan serve --listen 127.0.0.1:PORT ARGS` and waits until the log says `ready`.
 * @throws Error with the log when it ends instead
 */
export async function serve(...args: string[]): Promise<Server> {
  return serveAt(await freePort(), ...args);
}

/** The same at a port that was chosen before. */
export async function serveAt(port: number, ...args: string[]): Promise<Server> {
  const child = start(process.execPath, [MAIN, 'serve', '--listen', `127.0.0.1:${port}`, ...args]);
  child.stdout!.resume();
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const log: Record<string, unknown>[] = [];
  let text = '';
  let rest = '';
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    ended.then((status) => reject(new Error(`serve ended with ${status} before it was ready:\n${text}`)));
    child.stderr!.on('data', (chunk) => {
      text += chunk;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        if (!line.startsWith('{')) continue;
        const entry = JSON.parse(line) as Record<string, unknown>;
        log.push(entry);
        if (entry.msg === 'ready') resolve();
      }
    });
  });
  return {
    port,
    pid: child.pid!,
    log,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
