// One reading of a zone file from disk, with the files that it includes (RFC 1035 5.1 $INCLUDE), none of which may lie outside of
// the zone folder, be it by `..`, by an absolute path or by a symbolic link.
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Octets } from '../wire/name.ts';
import type { IncludedFile, ZoneData, ZoneProblem } from './masterfile.ts';
import { parseMasterFile } from './masterfile.ts';

export interface ZoneFileReading {
  /** Undefined when there is an error, or no such file. */
  readonly zone: ZoneData | undefined;
  readonly problems: readonly ZoneProblem[];
  /** False: nothing is there, or something that is no file. */
  readonly isPresent: boolean;
  /** Hash of all octets that were read; of the failure, when reading failed. */
  readonly digest: string;
  /** State of the file and of those it includes, by absolute path, the missing ones among them. */
  readonly stamps: ReadonlyMap<string, string>;
  /** When the youngest of the files was last written to; milliseconds since 1970. */
  readonly changedMs: number;
}

/** The stamp of what is not there. */
export const ABSENT = 'absent';

/** What tells one state of a file from another without reading it; links are followed. */
export function stampOf(path: string): string {
  try {
    return stampOfStats(statSync(path, STAT));
  } catch (error) {
    return messageOf(error);
  }
}

/** Times in nanoseconds, since two changes may fall into one millisecond. */
const STAT = { bigint: true, throwIfNoEntry: false } as const;

function stampOfStats(stats: BigIntStats | undefined): string {
  return stats ? `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}` : ABSENT;
}

/** A problem of a file as a whole. */
export function fileProblem(file: string, message: string): ZoneProblem {
  return { file, line: 1, column: 1, severity: 'error', message };
}

/**
 * Reads and parses a zone file. Never throws: what goes wrong is among the problems.
 * @param folder the zone folder, which bounds what may be included
 * @param file path of the zone file
 */
export function readZoneFile(folder: string, file: string): ZoneFileReading {
  const hash = createHash('sha1');
  const stamps = new Map<string, string>();
  let changedMs = 0;

  const read = (path: string, realPath: string): Octets | undefined => {
    // Looked at before it is read, so that a change in between shows at the next look.
    const stats = statSync(realPath, STAT);
    stamps.set(resolve(path), stampOfStats(stats));
    // A named pipe would hold the thread up for ever.
    if (!stats?.isFile()) return undefined;
    changedMs = Math.max(changedMs, Number(stats.mtimeMs));
    const text = readFileSync(realPath, 'latin1');
    hash.update(`${path}\0${text.length}\0`).update(text, 'latin1');
    return text;
  };

  const include = (path: string, from: string): IncludedFile => {
    const target = resolve(dirname(from), path);
    const name = relative(resolve(folder), target);
    const refusal = new Error(`cannot include ${path}: it lies outside of the zone folder; move it into the folder`);
    if (!isBelow(resolve(folder), target)) throw refusal;
    // What it is read through may be a link; what counts is where that leads.
    const realPath = tryRealPath(target);
    if (realPath !== undefined && !isBelow(realpathSync(folder), realPath)) throw refusal;
    const text = read(target, realPath ?? target);
    if (text === undefined) throw new Error(`cannot include ${path}: there is no such file`);
    return { file: join(folder, name), text };
  };

  const reading = (
    isPresent: boolean,
    zone: ZoneData | undefined,
    problems: readonly ZoneProblem[],
  ): ZoneFileReading => ({
    ...{ zone, problems, isPresent, stamps, changedMs },
    digest: hash.digest('base64'),
  });

  try {
    const text = read(file, file);
    if (text === undefined) return reading(false, undefined, []);
    const { zone, problems } = parseMasterFile(text, { file, include });
    return reading(true, zone, problems);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return reading(false, undefined, []);
    hash.update(messageOf(error));
    return reading(true, undefined, [fileProblem(file, `cannot read the file: ${messageOf(error)}`)]);
  }
}

/** Whether all files of a reading are still as they were. */
export function isSteady(reading: Pick<ZoneFileReading, 'stamps'>): boolean {
  for (const [path, stamp] of reading.stamps) if (stampOf(path) !== stamp) return false;
  return true;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function tryRealPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
