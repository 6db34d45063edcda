// Files as a source: a /state document, an answer of Marathon, or tasks written by hand; or a folder of such files, each of
// which is a part of the cluster. An edit shows within 200 ms; a file that is broken or gone leaves what it said last.
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import type { SourceDefinition } from './definition.ts';
import type { FileSourceOptions } from './document.ts';
import { DOCUMENT_FORMATS, documentReader } from './document.ts';
import { FolderSource } from './folder.ts';
import { HostNames } from './host-names.ts';
import { SettlingFile } from './settling-file.ts';
import type { Source, SourceSink } from './source.ts';
import { watchPath } from './watch-path.ts';

export type { FileSourceOptions } from './document.ts';

/** A file, or a folder of files, that is read again whenever it changes. */
export function fileSource(options: FileSourceOptions): Source {
  return new PathSource(options);
}

/** Settings of a source of kind `file`; the `error` of a check says what is expected. */
const configuration = z.strictObject({
  kind: z.literal('file'),
  path: z
    .string({ error: 'a path' })
    .min(1, { error: 'a path' })
    .describe('A file of tasks, or a folder whose *.json files are read; watched'),
  format: z
    .enum(DOCUMENT_FORMATS, { error: `one of ${DOCUMENT_FORMATS.map((format) => `"${format}"`).join(', ')}` })
    .optional()
    .describe('Shown by the content when absent'),
  masters: z
    .array(z.string({ error: 'an address and port' }), { error: 'a list of addresses and ports' })
    .optional()
    .describe('For /state documents of Mesos: all masters, "address:port", in order'),
  framework: z
    .string({ error: 'a name' })
    .min(1, { error: 'a name' })
    .optional()
    .describe('For answers of Marathon: its framework name, "marathon" when absent'),
});

export const FILE = {
  kind: 'file',
  configuration,
  create: ({ path, format, masters, framework }, { log }) =>
    fileSource({
      path,
      format,
      masters,
      framework,
      hosts: new HostNames({
        onFailure: (host, why) => log.warn({ source: `file ${path}`, host, why }, 'host name has no address'),
      }),
    }),
} satisfies SourceDefinition<z.infer<typeof configuration>>;

/** Finds out whether the path is a file or a folder, once there is one. */
class PathSource implements Source {
  readonly name: string;
  readonly #options: FileSourceOptions;
  #inner: Source | undefined;

  constructor(options: FileSourceOptions) {
    this.name = `file ${options.path}`;
    this.#options = options;
  }

  async start(sink: SourceSink): Promise<void> {
    // What is not there yet is taken for a file when its name says so.
    const isFolder = await stat(this.#options.path).then(
      (found) => found.isDirectory(),
      () => !/\.[^./]+$/.test(this.#options.path),
    );
    this.#inner = isFolder ? new FolderSource(this.name, this.#options) : new OneFile(this.name, this.#options);
    await this.#inner.start(sink);
  }

  async stop(): Promise<void> {
    await this.#inner?.stop();
    this.#options.hosts?.stop();
  }
}

class OneFile implements Source {
  readonly name: string;
  readonly #options: FileSourceOptions;
  #file: SettlingFile | undefined;
  #unwatch: (() => Promise<void>) | undefined;

  constructor(name: string, options: FileSourceOptions) {
    this.name = name;
    this.#options = options;
  }

  async start(sink: SourceSink): Promise<void> {
    const file = new SettlingFile({
      path: this.#options.path,
      read: documentReader(this.#options),
      onReading: ({ cluster, problems }) => sink.snapshot(cluster, problems),
      onTrouble: (message) => sink.trouble(message),
    });
    this.#file = file;
    this.#options.hosts?.onChange(() => file.again());
    this.#unwatch = watchPath(this.#options.path, () => file.hint());
    await file.start();
  }

  async stop(): Promise<void> {
    await this.#unwatch?.();
    await this.#file?.stop();
  }
}
