// The last good state of a source as a file: versioned, and with a checksum over all that stands before it, so that a file
// that was cut anywhere is known as such. Lines of JSON: a head; agents, frameworks and the rest; tasks by the hundred, each
// with the numbers of its agent and framework; the checksum.
import { createHash } from 'node:crypto';
import type { Agent } from '../model/agent.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import type { Task } from '../model/task.ts';

/** What a source said last in good order. */
export interface SavedState {
  /** `Source.name`. */
  readonly source: string;
  /** When it said so, milliseconds since 1970. */
  readonly goodAt: number;
  readonly cluster: Cluster;
}

/** Raised with every change of the model that makes old files unreadable. */
const VERSION = 1;
const FORMAT = 'portolan-state';

/** Tasks in a line: small enough that writing one does not hold up the rest of the program. */
const TASKS_PER_LINE = 200;

/** The last line: the checksum of all octets before it. */
const SUM = /^sha256 ([0-9a-f]{64})\n$/;
/** Octets of that line. */
const SUM_LENGTH = 'sha256 '.length + 64 + 1;

type SavedTask = Omit<Task, 'agent' | 'framework'> & { readonly agent: number; readonly framework: number };

/** The file's text, in pieces that end with a line. */
export function* snapshotText(state: SavedState): Generator<string, void, undefined> {
  const sum = createHash('sha256');
  const line = (value: unknown): string => {
    const text = `${JSON.stringify(value)}\n`;
    sum.update(text);
    return text;
  };
  const { tasks, agents, frameworks, ...rest } = state.cluster;
  const agentNumbers = new Map(agents.map((agent, number) => [agent, number]));
  const frameworkNumbers = new Map(frameworks.map((framework, number) => [framework, number]));
  // A task may stand on an agent, or in a framework, that its source does not list.
  for (const { agent, framework } of tasks) {
    if (!agentNumbers.has(agent)) agentNumbers.set(agent, agentNumbers.size);
    if (!frameworkNumbers.has(framework)) frameworkNumbers.set(framework, frameworkNumbers.size);
  }
  yield line({ format: FORMAT, version: VERSION, source: state.source, goodAt: state.goodAt, tasks: tasks.length });
  yield line({
    agents: [...agentNumbers.keys()],
    listedAgents: agents.length,
    frameworks: [...frameworkNumbers.keys()],
    listedFrameworks: frameworks.length,
    ...rest,
  });
  for (let from = 0; from < tasks.length; from += TASKS_PER_LINE)
    yield line(
      tasks.slice(from, from + TASKS_PER_LINE).map(
        (task): SavedTask => ({
          ...task,
          agent: agentNumbers.get(task.agent)!,
          framework: frameworkNumbers.get(task.framework)!,
        }),
      ),
    );
  yield `sha256 ${sum.digest('hex')}\n`;
}

/**
 * Reads a file's octets.
 * @throws Error saying what is wrong with it; nothing of such a file is used
 */
export function readSnapshot(octets: Buffer): SavedState {
  const body = octets.subarray(0, Math.max(0, octets.length - SUM_LENGTH));
  const [, expected] = SUM.exec(octets.subarray(body.length).toString('latin1')) ?? [];
  if (expected === undefined)
    throw new Error(`its end is missing: expected a line "sha256 ..." after ${body.length} octets`);
  const actual = createHash('sha256').update(body).digest('hex');
  if (actual !== expected) throw new Error(`its checksum is wrong: expected sha256 ${expected}, got ${actual}`);
  const [head, things, ...lines] = body.toString('utf8').trimEnd().split('\n');
  const { format, version, source, goodAt, tasks: count } = JSON.parse(head!) as Record<string, unknown>;
  if (format !== FORMAT || version !== VERSION)
    throw new Error(`expected ${FORMAT} of version ${VERSION}, got ${JSON.stringify(format)} of version ${version}`);
  // The checksum says that this program wrote it, in this version of the format.
  const { agents, listedAgents, frameworks, listedFrameworks, ...rest } = JSON.parse(things!) as Omit<
    Cluster,
    'tasks'
  > & { readonly listedAgents: number; readonly listedFrameworks: number };
  const tasks = lines.flatMap((line) =>
    (JSON.parse(line) as SavedTask[]).map((task): Task => restored(task, agents, frameworks)),
  );
  if (tasks.length !== count) throw new Error(`expected ${count} tasks, got ${tasks.length}`);
  const cluster = {
    ...rest,
    tasks,
    agents: agents.slice(0, listedAgents),
    frameworks: frameworks.slice(0, listedFrameworks),
  };
  return { source: String(source), goodAt: Number(goodAt), cluster };
}

function restored(task: SavedTask, agents: readonly Agent[], frameworks: readonly Framework[]): Task {
  return { ...task, agent: agents[task.agent]!, framework: frameworks[task.framework]! };
}
