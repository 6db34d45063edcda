// A folder of task files as one source. Each file is read and settles on its own; the cluster is the sum of what each said
// last. A broken file costs only itself. A file that was removed takes its tasks along, but a folder that is gone leaves all.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent } from '../model/agent.ts';
import type { Cluster, Problem } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import type { Masters } from '../model/masters.ts';
import type { Task } from '../model/task.ts';
import type { FileSourceOptions } from './document.ts';
import { documentReader } from './document.ts';
import type { Reading } from './reading.ts';
import { SettlingFile } from './settling-file.ts';
import type { Source, SourceSink } from './source.ts';
import { watchPath } from './watch-path.ts';

/** Milliseconds for which a file may be missing from its folder before its tasks go; editors and tools write files anew. */
const FILE_GRACE_MS = 500;

/** Milliseconds from the first hint to the look at the folder, and from a first reading to the report of all. */
const CALM_MS = 30;
const REPORT_MS = 5;

interface Child {
  readonly file: SettlingFile;
  reading: Reading | undefined;
  trouble: string | undefined;
  missingSince: number | undefined;
}

export class FolderSource implements Source {
  readonly name: string;
  readonly #options: FileSourceOptions;
  readonly #children = new Map<string, Child>();
  #sink: SourceSink | undefined;
  #unwatch: (() => Promise<void>) | undefined;
  #scanTimer: NodeJS.Timeout | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  #scanning: Promise<void> | undefined;
  #isHinted = false;
  #isStarted = false;
  #isStopped = false;
  #trouble: string | undefined;

  constructor(name: string, options: FileSourceOptions) {
    this.name = name;
    this.#options = options;
  }

  async start(sink: SourceSink): Promise<void> {
    this.#sink = sink;
    this.#unwatch = watchPath(this.#options.path, () => this.#hint(CALM_MS));
    this.#options.hosts?.onChange(() => {
      for (const { file } of this.#children.values()) file.again();
    });
    await this.#scan();
    this.#isStarted = true;
    this.#report();
    for (const { trouble } of this.#children.values()) if (trouble !== undefined) sink.trouble(trouble);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#scanTimer);
    clearTimeout(this.#reportTimer);
    await this.#unwatch?.();
    await this.#scanning;
    await Promise.all([...this.#children.values()].map(({ file }) => file.stop()));
  }

  #hint(delayMs: number): void {
    if (this.#scanning) this.#isHinted = true;
    else if (!this.#isStopped && this.#isStarted) this.#scanTimer ??= setTimeout(() => this.#rescan(), delayMs);
  }

  #rescan(): void {
    this.#scanTimer = undefined;
    this.#scanning = this.#scan().finally(() => {
      this.#scanning = undefined;
      if (this.#isHinted) this.#hint(CALM_MS);
      this.#isHinted = false;
    });
  }

  /** Sees which files there are; resolves once each new one was read. */
  async #scan(): Promise<void> {
    let names: string[];
    try {
      names = (await readdir(this.#options.path))
        .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
        .sort();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = `Cannot read the folder ${this.#options.path}: ${code === 'ENOENT' ? 'it does not exist' : message}`;
      if (this.#trouble !== why) this.#sink?.trouble(why);
      this.#trouble = why;
      return;
    }
    if (this.#isStopped) return;
    const isBack = this.#trouble !== undefined;
    this.#trouble = undefined;
    const found = new Set(names);
    for (const [name, child] of this.#children) this.#age(name, child, found.has(name));
    const fresh = names.filter((name) => !this.#children.has(name)).map((name) => this.#add(name));
    await Promise.all(fresh);
    if (isBack || fresh.length > 0) this.#reportSoon();
  }

  #add(name: string): Promise<void> {
    const child: Child = {
      file: new SettlingFile({
        path: join(this.#options.path, name),
        read: documentReader(this.#options),
        onReading: (reading) => {
          child.reading = reading;
          child.trouble = undefined;
          this.#reportSoon();
        },
        onTrouble: (message) => {
          // A file that is gone is waited for here; another message would only say the same.
          if (child.missingSince !== undefined) return;
          child.trouble = message;
          if (this.#isStarted) this.#sink?.trouble(message);
        },
      }),
      reading: undefined,
      trouble: undefined,
      missingSince: undefined,
    };
    this.#children.set(name, child);
    return child.file.start();
  }

  #age(name: string, child: Child, isThere: boolean): void {
    if (isThere) {
      child.missingSince = undefined;
      child.file.hint();
      return;
    }
    child.missingSince ??= performance.now();
    const left = FILE_GRACE_MS - (performance.now() - child.missingSince);
    if (left > 0) {
      setTimeout(() => this.#hint(0), left + 1).unref();
      return;
    }
    this.#children.delete(name);
    void child.file.stop();
    this.#reportSoon();
  }

  #reportSoon(): void {
    if (this.#isStarted && !this.#isStopped) this.#reportTimer ??= setTimeout(() => this.#report(), REPORT_MS);
  }

  #report(): void {
    this.#reportTimer = undefined;
    const children = [...this.#children].sort(([a], [b]) => (a < b ? -1 : 1));
    const isUnread = children.every(([, { reading }]) => !reading);
    // Nothing could be read: that is trouble, which was told, and not an empty cluster.
    if (this.#trouble !== undefined || (isUnread && children.length > 0)) return;
    const { cluster, problems } = merge(
      children.flatMap(([name, { reading }]) => (reading ? [{ name, reading }] : [])),
    );
    const broken = children.flatMap(([name, { trouble }]) =>
      trouble === undefined ? [] : [{ where: name, why: `${trouble}; what it said last stays in force` }],
    );
    this.#sink?.snapshot(cluster, [...problems, ...broken]);
  }
}

/**
 * The sum of several files. Ids of frameworks get the file's name in front, so that tasks of two files never meet; agents
 * are machines, and the same one in every file.
 */
function merge(files: readonly { name: string; reading: Reading }[]): Reading {
  const agents = new Map<string, Agent>();
  const frameworks: Framework[] = [];
  const tasks: Task[] = [];
  const problems: Problem[] = [];
  let masters: Masters | undefined;
  for (const { name, reading } of files) {
    const own = new Map<string, Framework>();
    for (const framework of reading.cluster.frameworks)
      own.set(framework.id, { ...framework, id: `${name}/${framework.id}` });
    frameworks.push(...own.values());
    for (const agent of reading.cluster.agents) if (!agents.has(agent.id)) agents.set(agent.id, agent);
    for (const task of reading.cluster.tasks)
      tasks.push({ ...task, framework: own.get(task.framework.id) ?? task.framework });
    for (const { where, why } of reading.problems) problems.push({ where: `${name}: ${where}`, why });
    masters ??= reading.cluster.masters;
  }
  const cluster: Cluster = { tasks, agents: [...agents.values()], frameworks, masters };
  return { cluster, problems };
}
