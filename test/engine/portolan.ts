// The real program on a machine of the laboratory, answering at port 53 of all its addresses.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigInput } from '../../src/config.ts';
import type { Engine, Lab } from './engine.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** Settings of a source for an engine of the laboratory, which has no default route that would tell its address. */
export function dockerSource(engine: Engine): NonNullable<ConfigInput['sources']>[number] {
  return { kind: 'docker', host: `unix://${engine.socket}`, hostAddress: [engine.ipv4, engine.ipv6] };
}

export class Portolan {
  readonly #program: ChildProcess;
  /** What it wrote to its log so far. */
  readonly log: () => string;

  private constructor(program: ChildProcess, log: () => string) {
    this.#program = program;
    this.log = log;
  }

  /**
   * Starts `portolan serve` on the machine of an engine and waits until it is ready.
   * @throws Error with its log when it ends instead
   */
  static async start(lab: Lab, engine: Engine, settings: ConfigInput): Promise<Portolan> {
    const file = join(lab.folder, `portolan-${engine.machine.name}.json`);
    const listen = ['0.0.0.0:53', '[::]:53'];
    writeFileSync(file, JSON.stringify({ listen, workers: 1, ...settings }));
    const program = engine.machine.spawnBeside([process.execPath, MAIN, 'serve', '--config', file]);
    let log = '';
    await new Promise<void>((resolve, reject) => {
      program.once('close', (status) => reject(new Error(`portolan serve ended with ${status}:\n${log}`)));
      program.stderr!.on('data', (chunk) => {
        log += chunk;
        if (log.includes('"msg":"ready"')) resolve();
      });
    });
    return new Portolan(program, () => log);
  }

  /** @returns the exit status */
  async stop(): Promise<number | null> {
    if (this.#program.exitCode !== null) return this.#program.exitCode;
    const ended = once(this.#program, 'close');
    this.#program.kill('SIGTERM');
    return (await ended)[0] as number | null;
  }
}
