// Looks host names up in the background, so that reading a document never waits for a name server, which may be this one.
import { lookup } from 'node:dns/promises';
import { parseIp } from './address.ts';
import type { Resolve } from './reading.ts';
import { NONE, resolveLocalhost } from './reading.ts';

export interface HostNamesOptions {
  /** Asks for the addresses of a name; the operating system's resolver when absent. */
  readonly lookUp?: ((host: string) => Promise<readonly string[]>) | undefined;
  /** Milliseconds after which all names are looked up again. */
  readonly refreshMs?: number | undefined;
  /** Told once of each name that has no address, and again if it had one in between. */
  readonly onFailure?: ((host: string, why: string) => void) | undefined;
}

/** A name's addresses seldom move, and the records made of them live for 60 s. */
const REFRESH_MS = 60_000;

/** Refreshes that a name may miss being asked for, then it is forgotten. */
const IDLE_REFRESHES = 10;

interface Entry {
  addresses: readonly string[];
  failed: boolean;
  /** Refreshes since somebody asked for it. */
  idle: number;
}

/** The addresses of the host names that documents mention. A name that cannot be looked up keeps the last it had. */
export class HostNames {
  readonly #lookUp: (host: string) => Promise<readonly string[]>;
  readonly #onFailure: (host: string, why: string) => void;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();
  /** Look-ups of names that are new. */
  readonly #first = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #isStopped = false;

  constructor(options: HostNamesOptions = {}) {
    this.#lookUp = options.lookUp ?? systemLookUp;
    this.#onFailure = options.onFailure ?? (() => {});
    this.#timer = setInterval(() => this.#refresh(), options.refreshMs ?? REFRESH_MS);
    this.#timer.unref();
  }

  /** What is known of the name now; a name that is new is looked up, and the listeners hear of it. */
  readonly resolve: Resolve = (host) => {
    const local = resolveLocalhost(host);
    if (local.length > 0) return local;
    let entry = this.#entries.get(host);
    if (!entry) {
      entry = { addresses: NONE, failed: false, idle: 0 };
      this.#entries.set(host, entry);
      const lookUp = this.#update(host, entry).finally(() => this.#first.delete(lookUp));
      this.#first.add(lookUp);
    }
    entry.idle = 0;
    return entry.addresses;
  };

  /** Calls back whenever a name's addresses changed. @returns ends that */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the names that are new have been looked up, well or not; undefined when none is. */
  settled(): Promise<unknown> | undefined {
    return this.#first.size > 0 ? Promise.all(this.#first) : undefined;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  #refresh(): void {
    for (const [host, entry] of this.#entries) {
      if (entry.idle++ < IDLE_REFRESHES) void this.#update(host, entry);
      else this.#entries.delete(host);
    }
  }

  async #update(host: string, entry: Entry): Promise<void> {
    let addresses: readonly string[];
    try {
      addresses = (await this.#lookUp(host)).flatMap((address) => parseIp(address) ?? []).sort();
    } catch (error) {
      if (!entry.failed && !this.#isStopped)
        this.#onFailure(host, error instanceof Error ? error.message : String(error));
      entry.failed = true;
      return;
    }
    entry.failed = false;
    if (this.#isStopped || addresses.join() === entry.addresses.join()) return;
    entry.addresses = addresses;
    for (const listener of this.#listeners) listener();
  }
}

async function systemLookUp(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
