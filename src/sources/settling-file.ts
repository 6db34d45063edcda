// Reads one file again and again, and tells a finished state from one that is being written: writers that do not rename
// leave a file half written for a moment, and remove it before they write it anew.
import type { BigIntStats } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { JsonError } from './json.ts';
import type { Pieces } from './json-pieces.ts';
import type { Reading } from './reading.ts';

/** Milliseconds from a hint to the look at the file; several hints within count as one. */
const CALM_MS = 30;

/** Milliseconds for which a file may be missing or faulty before that is called trouble. */
const PATIENCE_MS = 150;

/** Octets from which on a file is read in pieces: a buffer for all of it would have all other memory collected. */
const LARGE = 4 << 20;

/** What makes a reading of a file's octets. */
export interface FileReader {
  /** @throws Error when they are no whole document */
  readonly whole: (bytes: Buffer) => Reading;
  /** @returns undefined for what has to be read as a whole */
  readonly pieces: (pieces: Pieces) => Promise<Reading | undefined>;
}

export interface SettlingFileOptions {
  readonly path: string;
  readonly read: FileReader;
  readonly onReading: (reading: Reading) => void;
  /** The file stayed unreadable. Called once for each state of the file. */
  readonly onTrouble: (message: string) => void;
}

type Look =
  | { readonly kind: 'same' }
  | { readonly kind: 'good'; readonly reading: Reading }
  | { readonly kind: 'bad'; readonly message: string };

/** A file that may have changed at any time. */
export class SettlingFile {
  readonly #options: SettlingFileOptions;
  /** What identifies the state that was reported last, well or not. */
  #reported = '';
  #badSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isHinted = false;
  /** Whether to read the file even if it is as it was. */
  #mustRead = false;
  #isStopped = false;
  #onFirst: (() => void) | undefined;

  constructor(options: SettlingFileOptions) {
    this.#options = options;
  }

  /** Looks at the file for the first time; resolves once that has ended in a reading or in trouble. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFirst = resolve;
      this.#look();
    });
  }

  /** The file may have changed. */
  hint(): void {
    if (this.#looking) this.#isHinted = true;
    else if (!this.#isStopped) this.#timer ??= setTimeout(() => this.#look(), CALM_MS);
  }

  /** Reads the file at the next occasion even if it did not change. */
  again(): void {
    this.#mustRead = true;
    this.hint();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#onFirst?.();
    await this.#looking;
  }

  #look(): void {
    this.#timer = undefined;
    this.#looking = this.#lookNow().finally(() => {
      this.#looking = undefined;
      if (this.#isHinted || this.#badSince !== undefined) this.hint();
      this.#isHinted = false;
    });
  }

  async #lookNow(): Promise<void> {
    const mustRead = this.#mustRead;
    this.#mustRead = false;
    const { look, state } = await this.#inspect(mustRead ? undefined : this.#reported);
    if (this.#isStopped) return;
    if (look.kind === 'bad') {
      this.#badSince ??= performance.now();
      if (performance.now() - this.#badSince < PATIENCE_MS) {
        this.#mustRead ||= mustRead;
        return;
      }
    }
    this.#badSince = undefined;
    this.#reported = state;
    if (look.kind === 'good') this.#options.onReading(look.reading);
    else if (look.kind === 'bad') this.#options.onTrouble(look.message);
    this.#onFirst?.();
    this.#onFirst = undefined;
  }

  /** @param known the state of which nothing need be said again */
  async #inspect(known: string | undefined): Promise<{ look: Look; state: string }> {
    const { path } = this.#options;
    let state = '';
    const bad = (message: string) => ({ look: { kind: 'bad', message } as const, state });
    try {
      const before = await stat(path, { bigint: true });
      state = identify(before);
      if (state === known) return { look: { kind: 'same' }, state };
      // Opening a named pipe would wait for its writer.
      if (!before.isFile()) return bad(`Cannot read ${path}: it is no regular file`);
      const inPieces = before.size < LARGE ? undefined : await this.#readPieces();
      const bytes = inPieces ? undefined : await readFile(path);
      const after = identify(await stat(path, { bigint: true }));
      if (after !== state) return bad(`Cannot read ${path}: it is being written all the time`);
      return { look: { kind: 'good', reading: inPieces ?? this.#options.read.whole(bytes!) }, state };
    } catch (error) {
      const message = this.#explain(error);
      // A file that cannot be looked at is in the state of failing so.
      state ||= message;
      return state === known ? { look: { kind: 'same' }, state } : bad(message);
    }
  }

  async #readPieces(): Promise<Reading | undefined> {
    const { path, read } = this.#options;
    const file = await open(path);
    try {
      return await read.pieces(async (into, at) => (await file.read(into, at)).bytesRead);
    } finally {
      await file.close();
    }
  }

  #explain(error: unknown): string {
    const { path } = this.#options;
    if (error instanceof JsonError) return `${path}:${error.position.line}:${error.position.column}: ${error.reason}`;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `Cannot read ${path}: it does not exist`;
    if (code === 'EACCES') return `Cannot read ${path}: permission denied`;
    return `Cannot read ${path}: ${message}`;
  }
}

/** Differs whenever the content may. */
function identify({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}
