// A file of tasks in any of the formats that can be read: which one it is shows in its content.

import type { Cluster } from '../model/cluster.ts';
import { taskKey } from '../model/task.ts';
import type { HostNames } from './host-names.ts';
import { JsonError, parseJson } from './json.ts';
import { JsonScanner } from './json-scan.ts';
import { readMarathonApps } from './marathon-apps.ts';
import { MesosStateReader } from './mesos-state.ts';
import type { Reading, Resolve } from './reading.ts';
import type { FileReader } from './settling-file.ts';
import { readTasksFile } from './tasks-file.ts';

/** `mesos-state`: a master's /state; `marathon-apps`: /v2/apps?embed=apps.tasks; `tasks`: Portolan's own. */
export const DOCUMENT_FORMATS = ['mesos-state', 'marathon-apps', 'tasks'] as const;
export type DocumentFormat = (typeof DOCUMENT_FORMATS)[number];

export interface DocumentOptions {
  /** Shown by the content when absent. */
  readonly format?: DocumentFormat | undefined;
  /** For /state documents: all masters, `address:port`, in order. */
  readonly masters?: readonly string[] | undefined;
  /** For answers of Marathon: name of the framework; `marathon` when absent. */
  readonly framework?: string | undefined;
  readonly resolve?: Resolve | undefined;
  /** For /state documents: what read those before; it has `masters` and `resolve` of its own. */
  readonly mesosState?: MesosStateReader | undefined;
  /** For answers of Marathon: what a task's health was before, by `taskKey`. */
  readonly wasHealthy?: ((key: string) => boolean | undefined) | undefined;
}

/**
 * Reads a document.
 * @param bytes UTF-8
 * @throws JsonError with line and column when it is no JSON, or of no format that is known
 */
export function readDocument(bytes: Buffer, options: DocumentOptions = {}): Reading {
  const format = options.format ?? detectFormat(bytes);
  if (format === 'mesos-state') return (options.mesosState ?? new MesosStateReader(options)).read(bytes);
  const text = bytes.toString('utf8');
  if (format === 'tasks') return readTasksFile(text, options);
  try {
    return readMarathonApps(parseJson(text), options);
  } catch (error) {
    if (error instanceof TypeError) throw new JsonError(error.message, { line: 1, column: 1 });
    throw error;
  }
}

/** Members at the top that only one of the formats has. */
const MARKS: ReadonlyMap<string, DocumentFormat> = new Map([
  ['frameworks', 'mesos-state'],
  ['slaves', 'mesos-state'],
  ['apps', 'marathon-apps'],
  ['tasks', 'tasks'],
]);

/** What the first telling member says; a text that has none is read as tasks, whose reader says what is missing. */
function detectFormat(bytes: Buffer): DocumentFormat {
  const scanner = new JsonScanner(bytes);
  let format: DocumentFormat | undefined;
  try {
    scanner.object((name) => {
      format = MARKS.get(name);
      if (format) return false;
      return scanner.skip();
    });
  } catch (error) {
    // A faulty text: the reader of the format goes over it again and finds the fault.
    if (!(error instanceof JsonError)) throw error;
  }
  return format ?? 'tasks';
}

export interface FileSourceOptions {
  /** A file, or a folder of which every `*.json` is read. */
  readonly path: string;
  /** Shown by the content when absent. */
  readonly format?: DocumentFormat | undefined;
  /** For /state documents: all masters, `address:port`, in order. */
  readonly masters?: readonly string[] | undefined;
  /** For answers of Marathon: name of the framework; `marathon` when absent. */
  readonly framework?: string | undefined;
  /** Looks host names up; without it a host that is given by name has no address. Stopped with the source. */
  readonly hosts?: HostNames | undefined;
}

/** Octets at the beginning of a text in which the first telling member is looked for. */
const HEAD = 1 << 16;

/** Reads the documents of one file one after another, each with what is known from the one before. */
export function documentReader({ format, masters, framework, hosts }: FileSourceOptions): FileReader {
  const resolve = hosts?.resolve;
  const mesosState = new MesosStateReader({ masters, resolve });
  let last: Cluster | undefined;
  return {
    whole: (bytes) => {
      let health: Map<string, boolean | undefined> | undefined;
      const wasHealthy = (key: string) => {
        health ??= new Map(last?.tasks.map((task) => [taskKey(task), task.healthy]));
        return health.get(key);
      };
      const reading = readDocument(bytes, { format, masters, framework, resolve, mesosState, wasHealthy });
      last = reading.cluster;
      return reading;
    },
    pieces: async (pieces) => {
      const head = Buffer.alloc(HEAD);
      let length = await pieces(head, 0);
      if ((format ?? detectFormat(head.subarray(0, length))) !== 'mesos-state') return undefined;
      return mesosState.readPieces(async (into, at) => {
        const count = length === 0 ? await pieces(into, at) : head.copy(into, at, 0, length);
        length = 0;
        return count;
      });
    },
  };
}
