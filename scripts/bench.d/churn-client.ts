// Starts the program churn-server.ts and talks with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../test/live/free-port.ts';
import { kill, tracked } from './children.ts';
import type { ChurnReport, ChurnRequest } from './churn-server.ts';

const PROGRAM = join(import.meta.dirname, 'churn-server.ts');

/** Seconds that it may take for anything that it is told. */
const PATIENCE_SECONDS = 300;

export class ChurnServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Starts it and waits until all is loaded. @param cores processors, as `taskset -c` takes them */
  static async start(path: string, workers: number, cores: string): Promise<ChurnServer> {
    const port = await freePort();
    const command = [process.execPath, '--expose-gc', PROGRAM, path, String(workers), String(port)];
    const child = tracked(
      spawn('taskset', ['-c', cores, ...command], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    );
    const server = new ChurnServer(child, port);
    await server.#hear('ready');
    return server;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  churn(perSecond: number): void {
    this.#tell({ kind: 'churn', perSecond });
  }

  change(): Promise<Extract<ChurnReport, { kind: 'changed' }>> {
    this.#tell({ kind: 'change' });
    return this.#hear('changed');
  }

  async cost(changes: number): Promise<number> {
    this.#tell({ kind: 'cost', changes });
    return (await this.#hear('cost')).microseconds;
  }

  /** How often each thread has been asked over UDP. */
  async asked(): Promise<readonly number[]> {
    this.#tell({ kind: 'asked' });
    return (await this.#hear('asked')).counts;
  }

  respond(queries: number, file: string): Promise<Extract<ChurnReport, { kind: 'respond' }>> {
    this.#tell({ kind: 'respond', queries, file });
    return this.#hear('respond');
  }

  stop(): Promise<void> {
    return kill(this.#child);
  }

  #tell(request: ChurnRequest): void {
    this.#child.send(request);
  }

  #hear<Kind extends ChurnReport['kind']>(kind: Kind): Promise<Extract<ChurnReport, { kind: Kind }>> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        child.removeListener('message', take);
        child.removeListener('exit', fail);
      };
      const take = (report: ChurnReport): void => {
        if (report.kind !== kind) return;
        done();
        resolve(report as Extract<ChurnReport, { kind: Kind }>);
      };
      const fail = (): void => {
        done();
        reject(new Error(`Cannot measure: the churn server did not say "${kind}"`));
      };
      const timer = setTimeout(fail, PATIENCE_SECONDS * 1000);
      child.on('message', take);
      child.on('exit', fail);
    });
  }
}
