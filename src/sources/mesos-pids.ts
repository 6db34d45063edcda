// The pids of frameworks (`scheduler@host:port`), of which Mesos-DNS makes `_framework._tcp.<framework>` records. The
// operator API does not tell them, the older /master/state-summary does; so its answer completes the events.
import type { Fields } from './fields.ts';
import { isObject, listOf, objectOf, textOf } from './fields.ts';
import { idOf } from './mesos-tasks.ts';

/** Milliseconds in which several events about frameworks make one reading. */
const GATHER_MS = 500;

/** Frameworks with the pids that are known of them. */
export class FrameworkPids {
  readonly #readSummary: () => Promise<unknown>;
  readonly #onEvent: (event: unknown) => void;
  #pids: ReadonlyMap<string, string> = new Map();
  /** As the events told them last. */
  readonly #frameworks = new Map<string, Fields>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /**
   * @param readSummary gets /master/state-summary, parsed
   * @param onEvent takes a FRAMEWORK_UPDATED for each framework whose pid turns out to be another
   */
  constructor(readSummary: () => Promise<unknown>, onEvent: (event: unknown) => void) {
    this.#readSummary = readSummary;
    this.#onEvent = onEvent;
  }

  /** Reads the pids. A master that does not tell them costs their records and nothing else. */
  async read(): Promise<void> {
    let summary: unknown;
    try {
      summary = await this.#readSummary();
    } catch {
      return;
    }
    if (this.#isStopped) return;
    const before = this.#pids;
    this.#pids = pidsOf(summary);
    for (const [id, framework] of this.#frameworks)
      if (before.get(id) !== this.#pids.get(id))
        this.#onEvent({ type: 'FRAMEWORK_UPDATED', framework_updated: { framework: this.#withPid(id, framework) } });
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** The event with the pids of its frameworks. */
  complete(event: Fields): Fields {
    switch (event.type) {
      case 'SUBSCRIBED': {
        const subscribed = objectOf(event.subscribed);
        const state = objectOf(subscribed.get_state);
        const told = objectOf(state.get_frameworks);
        this.#frameworks.clear();
        const get_frameworks = { ...told, frameworks: listOf(told.frameworks).map((each) => this.#complete(each)) };
        return { ...event, subscribed: { ...subscribed, get_state: { ...state, get_frameworks } } };
      }
      case 'FRAMEWORK_ADDED':
      case 'FRAMEWORK_UPDATED': {
        const body = event.type.toLowerCase();
        const told = objectOf(event[body]);
        // Its scheduler may have come back elsewhere.
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          void this.read();
        }, GATHER_MS);
        return { ...event, [body]: { ...told, framework: this.#complete(told.framework) } };
      }
      case 'FRAMEWORK_REMOVED': {
        const id = idOf(objectOf(objectOf(event.framework_removed).framework_info).id);
        if (id !== undefined) this.#frameworks.delete(id);
        return event;
      }
      default:
        return event;
    }
  }

  #complete(framework: unknown): unknown {
    const id = idOf(objectOf(objectOf(framework).framework_info).id);
    if (id === undefined || !isObject(framework)) return framework;
    this.#frameworks.set(id, framework);
    return this.#withPid(id, framework);
  }

  #withPid(id: string, framework: Fields): Fields {
    const pid = this.#pids.get(id);
    return pid === undefined ? framework : { ...framework, pid };
  }
}

function pidsOf(summary: unknown): Map<string, string> {
  const pids = new Map<string, string>();
  for (const framework of listOf(objectOf(summary).frameworks)) {
    const { id, pid } = objectOf(framework);
    const [key, value] = [textOf(id), textOf(pid)];
    if (key !== undefined && value !== undefined) pids.set(key, value);
  }
  return pids;
}
