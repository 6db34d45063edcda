// The C programs in this folder, built once a run.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param name of the source, without `.c`
 * @returns path of the program
 * @throws Error when it cannot be built
 */
export function compile(folder: string, name: string): string {
  const program = join(folder, name);
  if (existsSync(program)) return program;
  const source = join(import.meta.dirname, `${name}.c`);
  const { error, status, stderr } = spawnSync('gcc', ['-O2', '-o', program, source], { encoding: 'utf8' });
  if (error) throw new Error(`Cannot measure: there is no gcc to build ${name}; install it`, { cause: error });
  if (status !== 0) throw new Error(`Cannot measure: gcc cannot build ${name}: ${stderr.split('\n')[0]}`);
  return program;
}
