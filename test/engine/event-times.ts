// A second client of an engine's events, beside Portolan: when the engine says that a container started or died, and when
// it told of it.
import { type ClientRequest, request } from 'node:http';
import { createInterface } from 'node:readline';
import type { Engine } from './engine.ts';

/** Both in milliseconds since 1970. */
export interface EventTime {
  /** The time that stands in the event. */
  readonly happenedAt: number;
  /** When the event came here. */
  readonly toldAt: number;
}

export class EventTimes {
  readonly #stream: ClientRequest;
  readonly #times = new Map<string, EventTime>();
  readonly #waiting = new Map<string, (time: EventTime) => void>();

  private constructor(stream: ClientRequest) {
    this.#stream = stream;
  }

  /** Listens from now on. @throws Error when the engine does not answer */
  static async open({ socket }: Engine): Promise<EventTimes> {
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['start', 'die'] }));
    const stream = request({ socketPath: socket, path: `/events?filters=${filters}` });
    const times = new EventTimes(stream);
    await new Promise<void>((resolve, reject) => {
      stream.once('error', reject);
      stream.once('response', (answer) => {
        const lines = createInterface({ input: answer });
        lines.on('line', (line) => times.#take(line));
        // The stream ends by being closed here, which counts as an error.
        lines.on('error', () => {});
        resolve();
      });
      stream.end();
    });
    return times;
  }

  /** Waits for an event of a container. */
  async of(action: 'start' | 'die', id: string): Promise<EventTime> {
    const key = `${action} ${id}`;
    return this.#times.get(key) ?? new Promise((resolve) => this.#waiting.set(key, resolve));
  }

  close(): void {
    this.#stream.destroy();
  }

  #take(line: string): void {
    const toldAt = Date.now();
    const { Action, Actor, timeNano } = JSON.parse(line) as {
      readonly Action: string;
      readonly Actor: { readonly ID: string };
      readonly timeNano: number;
    };
    const key = `${Action} ${Actor.ID}`;
    const time = { happenedAt: timeNano / 1e6, toldAt };
    this.#times.set(key, time);
    this.#waiting.get(key)?.(time);
  }
}
