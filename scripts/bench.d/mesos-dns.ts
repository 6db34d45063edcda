// Mesos-DNS, when the environment variable MESOS_DNS names its program: started with a configuration like the one it comes
// with, beside a server that stands in for the Mesos master.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import { join } from 'node:path';
import { launch, type Server, type StartOptions } from './server.ts';
import type { StateOnDisk } from './states.ts';

/** A master that gives out one document, whatever it is asked for. */
export class FakeMaster {
  readonly #server: HttpServer;
  /** The document. Replaced when the state changes. */
  document: Buffer = Buffer.alloc(0);

  constructor() {
    this.#server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': this.document.length });
      response.end(this.document);
    });
  }

  /** @returns the port of 127.0.0.1 */
  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as { port: number }).port;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export interface MesosDns extends Server {
  readonly master: FakeMaster;
  /** The same document as this master has to say it: it names itself as the leader, else Mesos-DNS asks elsewhere. */
  adapt(document: Buffer): Buffer;
}

/** Seconds between two readings of the state when it is not to be read again. */
const NEVER_SECONDS = 86_400;

/** @returns undefined when there is no Mesos-DNS, or when the state is more than one document */
export async function startMesosDns(
  state: StateOnDisk,
  options: StartOptions,
  refreshSeconds = NEVER_SECONDS,
  everyMs?: number,
): Promise<MesosDns | undefined> {
  const program = process.env.MESOS_DNS;
  if (!program || !state.path.endsWith('.json')) return undefined;
  const master = new FakeMaster();
  const masterPort = await master.start();
  const adapt = (document: Buffer): Buffer =>
    Buffer.from(
      document.toString('latin1').replace('"master@10.0.0.1:5050"', `"master@127.0.0.1:${masterPort}"`),
      'latin1',
    );
  master.document = adapt(readFileSync(state.path));
  try {
    const server = await launch(
      {
        name: 'Mesos-DNS',
        probe: state.probe,
        deadlineMs: 120_000,
        ...(everyMs === undefined ? {} : { everyMs }),
        command(folder, port) {
          const config = join(folder, 'config.json');
          const settings = {
            masters: [`127.0.0.1:${masterPort}`],
            zk: '',
            refreshSeconds,
            ttl: 60,
            domain: 'mesos',
            port,
            listener: '127.0.0.1',
            dnsOn: true,
            httpOn: false,
            externalOn: false,
            IPSources: ['netinfo', 'mesos', 'host'],
          };
          writeFileSync(config, JSON.stringify(settings));
          return [program, `-config=${config}`];
        },
      },
      options,
    );
    const stop = async (): Promise<void> => {
      await server.stop();
      master.stop();
    };
    return { ...server, stop, master, adapt };
  } catch (error) {
    master.stop();
    throw error;
  }
}
