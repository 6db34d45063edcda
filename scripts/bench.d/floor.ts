// The floor: a C program that only sends back what it gets. Nothing that answers can cost less; how far above it a server
// stands is what the server itself costs.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { launch, type Server, type StartOptions } from './server.ts';

const SOURCE = join(import.meta.dirname, 'echo-floor.c');

/** Builds it. @returns the program, or why there is none */
export function buildFloor(folder: string): { readonly program: string } | { readonly missing: string } {
  const program = join(folder, 'echo-floor');
  const { error, status, stderr } = spawnSync('gcc', ['-O2', '-o', program, SOURCE], { encoding: 'utf8' });
  if (error) return { missing: 'not measured: there is no gcc to build it' };
  if (status !== 0) return { missing: `not measured: gcc cannot build it: ${stderr.split('\n')[0]}` };
  return { program };
}

export function startFloor(program: string, transport: 'udp' | 'tcp', options: StartOptions): Promise<Server> {
  return launch(
    {
      name: 'C echo',
      // It says NOERROR to everything; what it is asked by UDP while it serves TCP is answered by UDP as well.
      probe: 'example.org',
      deadlineMs: 10_000,
      command: (_, port) => [program, transport, String(port), String(options.workers)],
    },
    options,
  );
}
