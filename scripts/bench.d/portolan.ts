// Portolan as it is run: `portolan serve`, with every feature as it comes.
import { join } from 'node:path';
import { type Launch, launch, type Server, type StartOptions } from './server.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** What it serves. */
export interface Served {
  /** Folder of zone files. */
  readonly zones?: string;
  /** File or folder of states. */
  readonly state?: string;
  /** A name that has an address once all is loaded. */
  readonly probe: string;
}

/** A million tasks take their time to read. */
const DEADLINE_MS = 600_000;

export function startPortolan(served: Served, options: StartOptions, everyMs?: number): Promise<Server> {
  const server: Launch = {
    name: 'Portolan',
    probe: served.probe,
    deadlineMs: DEADLINE_MS,
    ...(everyMs === undefined ? {} : { everyMs }),
    command: (_, port) => [
      process.execPath,
      MAIN,
      'serve',
      ...['--listen', `127.0.0.1:${port}`, '--workers', String(options.workers), '--log-level', 'warn'],
      ...(served.zones === undefined ? [] : ['--zones', served.zones]),
      ...(served.state === undefined ? [] : ['--state', served.state]),
    ],
  };
  return launch(server, options);
}
