// The folder of zone files: every `<name>.zone` in it is read, watched and reported when its octets have changed.
// Serves the ways in which such folders change: editors (temporary file and rename, or writing in place), scripts that write in
// pieces, configuration managers that swap a symbolic link (Kubernetes `..data`), a folder that goes and comes back.
import { readdirSync, realpathSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type FSWatcher, watch } from 'chokidar';
import type { ZoneData, ZoneProblem } from './masterfile.ts';
import type { ZoneFileReading } from './zone-file.ts';
import { ABSENT, fileProblem, isSteady, messageOf, readZoneFile, stampOf } from './zone-file.ts';

/** Where a folder reports to. `file` is the path of the zone file, the folder's included. */
export interface ZoneFolderSink {
  /** A file is new or has changed and holds a zone; the problems are warnings. */
  zone(file: string, data: ZoneData, problems: readonly ZoneProblem[]): void;
  /** A file is gone. */
  removed(file: string): void;
  /** A file has changed and cannot be used (or the folder cannot be read): what was reported of it before stays in force. */
  trouble(file: string, problems: readonly ZoneProblem[]): void;
}

export interface ZoneFolderOptions {
  /** Milliseconds for which a file must have been left alone before it is read. Over 50, since scripts pause between pieces. */
  readonly settleMs?: number;
  /** The same for a file that has an error or is gone: it may be half written, or about to be created again. */
  readonly doubtMs?: number;
  /** Milliseconds since 1970, the clock of the file system. */
  readonly now?: () => number;
}

/** What is kept of the reading that was reported. */
type KnownFile = Pick<ZoneFileReading, 'digest' | 'stamps'>;

interface PendingFile {
  timer: NodeJS.Timeout;
  /** When the first of its unread changes was noticed. */
  readonly since: number;
}

/** Folders below the zone folder that are watched for included files and for the targets of links. */
const WATCH_DEPTH = 2;

/** Milliseconds of uninterrupted work while many files are read; other work of the thread goes between. */
const SLICE_MS = 10;

/** Milliseconds between two looks at where the folder's path leads. */
const LINK_CHECK_MS = 1000;

const GONE = 'the folder is not there';

/** Milliseconds after which a file that never comes to rest is read all the same. */
const PATIENCE_MS = 5000;

export class ZoneFolder {
  readonly #folder: string;
  readonly #settleMs: number;
  readonly #doubtMs: number;
  readonly #now: () => number;
  readonly #known = new Map<string, KnownFile>();
  /** Those of the known files that include others. */
  readonly #including = new Set<string>();
  readonly #pending = new Map<string, PendingFile>();
  #sink: ZoneFolderSink | undefined;
  #watcher: FSWatcher | undefined;
  #rescanTimer: NodeJS.Timeout | undefined;
  #linkTimer: NodeJS.Timeout | undefined;
  /** Where the folder really is; its path may lead through links. */
  #realFolder: string | undefined;
  /** Scans run one behind the other. */
  #scan: Promise<void> = Promise.resolve();
  #whenIdle: (() => void)[] = [];
  #folderTrouble: string | undefined;
  readonly #stopping = new AbortController();

  /** @param folder need not exist yet */
  constructor(folder: string, options: ZoneFolderOptions = {}) {
    this.#folder = folder;
    this.#settleMs = options.settleMs ?? 80;
    this.#doubtMs = options.doubtMs ?? 230;
    this.#now = options.now ?? Date.now;
  }

  /** Watches and reads; resolves when every file that is present has been reported once. A folder is started once. */
  async start(sink: ZoneFolderSink): Promise<void> {
    this.#sink = sink;
    await this.#watch();
    if (this.#stopping.signal.aborted) return;
    this.#linkTimer = setInterval(() => this.#followLink(), LINK_CHECK_MS);
    await this.rescan();
  }

  /** Begins to watch; resolves when changes are noticed, so that none falls between this and a first reading. */
  async #watch(): Promise<void> {
    this.#realFolder = realPathOf(this.#folder);
    const watcher = watch(this.#folder, {
      ignoreInitial: true,
      depth: WATCH_DEPTH,
      // Repositories and editors keep large hidden folders; `..data` and its like are the exception.
      ignored: (path, stats) =>
        stats?.isDirectory() === true && /^\.[^.]/.test(basename(path)) && resolve(path) !== resolve(this.#folder),
    });
    this.#watcher = watcher;
    watcher.on('all', (event, path) => this.#noticed(event, path));
    watcher.on('error', (error) => this.#folderFailed(`cannot watch the folder: ${messageOf(error)}`));
    await new Promise<void>((resume) => {
      watcher.once('ready', resume);
      this.#stopping.signal.addEventListener('abort', () => resume());
    });
  }

  /** A link above the folder that is given a new target is no event inside it. */
  #followLink(): void {
    const real = realPathOf(this.#folder);
    if (real === undefined || real === this.#realFolder) return;
    void this.#watcher?.close();
    void this.#watch().then(() => this.rescan());
  }

  /** Ends the watching; nothing is reported after it resolves. */
  async stop(): Promise<void> {
    this.#sink = undefined;
    this.#stopping.abort();
    clearTimeout(this.#rescanTimer);
    clearInterval(this.#linkTimer);
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
    this.#settleWaiters();
    await this.#watcher?.close();
    await this.#scan;
  }

  /** Looks at every file as though it had been noticed; resolves when what has changed was reported. */
  async rescan(): Promise<void> {
    this.#scan = this.#scan.then(() => this.#scanOnce());
    await this.#scan;
    if (this.#pending.size > 0) await new Promise<void>((idle) => this.#whenIdle.push(idle));
  }

  async #scanOnce(): Promise<void> {
    let names: string[];
    try {
      names = readdirSync(this.#folder).filter(isZoneFileName);
    } catch (error) {
      this.#folderFailed(stampOf(this.#folder) === ABSENT ? GONE : `cannot read the folder: ${messageOf(error)}`);
      return;
    }
    this.#folderTrouble = undefined;
    let sliceEnd = performance.now() + SLICE_MS;
    for (const name of new Set([...names, ...this.#known.keys()])) {
      if (!this.#sink) return;
      if (this.#pending.has(name) || !this.#hasChanged(name)) continue;
      this.#examine(name, this.#now());
      if (performance.now() > sliceEnd) {
        await setImmediate();
        sliceEnd = performance.now() + SLICE_MS;
      }
    }
  }

  /** A missing or unreadable folder takes no zone away: it is more often a failing mount than a wish. */
  #folderFailed(reason: string): void {
    if (this.#folderTrouble === reason) return;
    this.#folderTrouble = reason;
    this.#sink?.trouble(this.#folder, [fileProblem(this.#folder, `${reason}; its zones stay as they are`)]);
  }

  #hasChanged(name: string): boolean {
    const known = this.#known.get(name);
    return !known || !isSteady(known);
  }

  #noticed(event: string, path: string): void {
    if (!this.#sink) return;
    const absolute = resolve(path);
    const name = relative(resolve(this.#folder), absolute);
    for (const file of this.#including)
      if (this.#known.get(file)?.stamps.has(absolute)) this.#schedule(file, this.#settleMs);
    if (isZoneFileName(name)) this.#schedule(name, this.#settleMs);
    // Folders come and go with links that are swapped; what lies in one may be what a link in the folder leads to.
    if (event === 'addDir' || event === 'unlinkDir' || name.includes(sep)) {
      clearTimeout(this.#rescanTimer);
      this.#rescanTimer = setTimeout(() => void this.rescan(), this.#settleMs);
    }
  }

  #schedule(name: string, delayMs: number, since = this.#pending.get(name)?.since ?? this.#now()): void {
    clearTimeout(this.#pending.get(name)?.timer);
    const patienceMs = Math.max(0, since + PATIENCE_MS - this.#now());
    const timer = setTimeout(() => this.#examine(name, since), Math.min(delayMs, patienceMs));
    this.#pending.set(name, { timer, since });
  }

  /** Reads a file, and reports it unless it is too fresh to be trusted, or as it was. */
  #examine(name: string, since: number): void {
    this.#pending.delete(name);
    const wait = this.#waitOrReport(name, since);
    if (wait > 0) this.#schedule(name, wait, since);
    else if (this.#pending.size === 0) this.#settleWaiters();
  }

  #settleWaiters(): void {
    for (const idle of this.#whenIdle.splice(0)) idle();
  }

  /** @returns milliseconds to wait before another look; 0 when there is nothing left to do */
  #waitOrReport(name: string, since: number): number {
    const file = join(this.#folder, name);
    const waited = this.#now() - since;
    const reading = readZoneFile(this.#folder, file);
    if (!reading.isPresent) return this.#waitOrRemove(name, waited);
    const rested = this.#now() - reading.changedMs;
    const rest = reading.zone ? this.#settleMs : this.#doubtMs;
    if (waited < PATIENCE_MS && rested >= 0 && rested < rest) return Math.ceil(rest - rested);
    const before = this.#known.get(name);
    this.#known.set(name, { digest: reading.digest, stamps: reading.stamps });
    if (reading.stamps.size > 1) this.#including.add(name);
    else this.#including.delete(name);
    if (before?.digest === reading.digest) return 0;
    if (reading.zone) this.#sink?.zone(file, reading.zone, reading.problems);
    else this.#sink?.trouble(file, reading.problems);
    return 0;
  }

  #waitOrRemove(name: string, waited: number): number {
    if (!this.#known.has(name)) return 0;
    if (waited < this.#doubtMs) return this.#doubtMs - waited;
    if (stampOf(this.#folder) === ABSENT) {
      this.#folderFailed(GONE);
      return 0;
    }
    this.#known.delete(name);
    this.#including.delete(name);
    this.#sink?.removed(join(this.#folder, name));
    return 0;
  }
}

/** `.hidden.zone`, `#x.zone#`, `x.zone~` and `.x.zone.swp` are an editor's, and everything else is not ours. */
function isZoneFileName(name: string): boolean {
  return /^[^.#].*\.zone$/s.test(name) && !name.includes(sep);
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
