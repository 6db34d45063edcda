// A Docker Engine (or Podman's compatible API) as a source: every running container is a task. The running containers are
// listed and looked at once; then events tell which to look at again, one look an event. When the stream of events ends
// (the engine restarts), what is known stays in force until everything is listed anew.
import { z } from 'zod';
import { duration } from '../base/units.ts';
import { Backoff, sleep } from './backoff.ts';
import type { SourceContext, SourceDefinition } from './definition.ts';
import { DockerEngine } from './docker-engine.ts';
import { HoldDown } from './docker-hold.ts';
import type { MachineSettings, ThisMachine } from './docker-machine.ts';
import { THIS_MACHINE } from './docker-machine.ts';
import { Roster } from './docker-roster.ts';
import { EngineSession } from './docker-session.ts';
import { DEFAULT_HOST, engineHost, engineOptions, engineShape, ipList } from './docker-settings.ts';
import type { Source, SourceSink } from './source.ts';

const configuration = z.strictObject({
  kind: z.literal('docker'),
  host: engineHost.optional().describe('The engine; DOCKER_HOST when absent, and then the usual socket'),
  ...engineShape,
  hostAddress: ipList
    .optional()
    .describe('Addresses at which the published ports are reached from outside; found out when absent'),
  hostIpv6: z
    .enum(['auto', 'always', 'never'], { error: 'one of "auto", "always", "never"' })
    .prefault('auto')
    .describe('Whether published ports get AAAA records: auto, at the IPv6 addresses of hostAddress'),
  near: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe('Whether clients in its networks reach us under their own addresses; found out when absent'),
  resync: duration('60s').prefault('60s').describe('All is listed anew this often, in case an event was lost'),
  holdDown: duration('10s')
    .prefault('10s')
    .describe('A container that failed twice this soon after its start is answered once it has been up for as long'),
});

export type DockerSettings = z.output<typeof configuration>;

export const DOCKER = {
  kind: 'docker',
  configuration,
  create: (settings, context) => dockerSource(settings, context),
} satisfies SourceDefinition<DockerSettings>;

/** @param machine what this machine says of itself; for tests */
export function dockerSource(settings: DockerSettings, context: SourceContext, machine = THIS_MACHINE): Source {
  return new DockerSource(settings, context, machine);
}

/** Milliseconds. */
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
const SETTLED_MS = 10_000;

class DockerSource implements Source {
  readonly name: string;
  readonly #settings: DockerSettings & MachineSettings;
  readonly #context: SourceContext;
  readonly #machine: ThisMachine;
  readonly #engine: DockerEngine;
  readonly #ended = new AbortController();
  #running: Promise<void> | undefined;

  constructor(settings: DockerSettings, context: SourceContext, machine: ThisMachine) {
    const host = settings.host ?? DEFAULT_HOST;
    this.name = `docker ${host}`;
    this.#settings = settings;
    this.#context = context;
    this.#machine = machine;
    this.#engine = new DockerEngine(engineOptions(host, settings, context.now));
  }

  start(sink: SourceSink): Promise<void> {
    return new Promise((resolve) => {
      this.#running = this.#run(sink, resolve);
    });
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#engine.close();
    await this.#running;
  }

  /** @param onFirst called when the first attempt has ended */
  async #run(sink: SourceSink, onFirst: () => void): Promise<void> {
    const { now, log, metrics } = this.#context;
    const { signal } = this.#ended;
    const backoff = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, settledMs: SETTLED_MS, now });
    const hold = new HoldDown(this.#settings.holdDown, now);
    const roster = new Roster((id) => hold.remaining(id) > 0);
    const events = metrics.counter('portolan_engine_events_total', 'Events of an engine that were looked into.', {
      source: this.name,
    });
    while (!signal.aborted) {
      const session = new EngineSession({
        engine: this.#engine,
        roster,
        hold,
        settings: this.#settings,
        resyncMs: this.#settings.resync,
        machine: this.#machine,
        sink,
        onListed: () => {
          backoff.good();
          onFirst();
        },
        onEvent: () => events.add(),
      });
      try {
        await session.run(signal);
      } catch (error) {
        if (signal.aborted) break;
        log.debug({ source: this.name, err: error }, 'engine session ended');
        sink.trouble(error instanceof Error ? error.message : String(error));
      }
      onFirst();
      if (!signal.aborted) await sleep(backoff.failed(), signal);
    }
    onFirst();
  }
}
