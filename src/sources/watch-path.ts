// Tells that something may have changed at a path. Only a hint: whoever is called looks for himself. File events come fast
// but not always (network file systems, exhausted inotify watches), so a slow look at the clock backs them up.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';

/** Milliseconds between two looks without any event. */
const LOOK_EVERY_MS = 1_000;

/**
 * Calls `onHint` when a file, or the list of files in a folder, may have changed. Follows the path, not the inode: what is
 * replaced, reached through a symbolic link that is swapped, or removed and made again is still seen.
 * @returns ends it; no hint comes after it resolves
 */
export function watchPath(path: string, onHint: () => void): () => Promise<void> {
  const watched = new WatchedPath(path, onHint);
  return () => watched.stop();
}

class WatchedPath {
  readonly #path: string;
  readonly #onHint: () => void;
  readonly #timer: NodeJS.Timeout;
  #watcher: FSWatcher;
  /** Which folders the watcher was set up on. */
  #folders: string | undefined;
  #checking: Promise<void> | undefined;
  #isStopped = false;

  constructor(path: string, onHint: () => void) {
    this.#path = path;
    this.#onHint = onHint;
    this.#watcher = this.#watch();
    this.#timer = setInterval(() => this.#hint(), LOOK_EVERY_MS);
    this.#timer.unref();
    this.#checking = this.#check();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#checking;
    await this.#watcher.close();
  }

  #watch(): FSWatcher {
    const watcher = watch(this.#path, { ignoreInitial: true, depth: 0, atomic: false, ignorePermissionErrors: true });
    const hint = () => this.#hint();
    watcher.on('all', hint);
    // Swapping the link `..data`, as Kubernetes does for mounted files, shows in the raw events of the folder alone.
    watcher.on('raw', hint);
    // What happened while it was set up has made no event.
    watcher.on('ready', hint);
    // Without events there is still the clock, so a failing watcher costs speed and nothing else.
    watcher.on('error', hint);
    return watcher;
  }

  #hint(): void {
    if (this.#isStopped) return;
    this.#checking ??= this.#check();
    this.#onHint();
  }

  /** A watcher stays with the folder that it was set up on, so a folder made anew under the path needs a new one. */
  async #check(): Promise<void> {
    const folders = `${await identityOf(this.#path, true)} ${await identityOf(dirname(this.#path), false)}`;
    if (this.#folders !== undefined && folders !== this.#folders && !this.#isStopped) {
      const old = this.#watcher;
      this.#watcher = this.#watch();
      await old.close();
    }
    this.#folders = folders;
    this.#checking = undefined;
  }
}

/** Device and inode; of the path itself only if it is a folder: files are replaced all the time. */
async function identityOf(path: string, folderOnly: boolean): Promise<string> {
  try {
    const found = await stat(path);
    return folderOnly && !found.isDirectory() ? '' : `${found.dev}:${found.ino}:${found.birthtimeMs}`;
  } catch {
    return '';
  }
}
