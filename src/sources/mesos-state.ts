// A /state document of a Mesos master (also under /master/state and /state.json) as a cluster. Large documents are read from
// their text, one task at a time; lists that are not used (completed tasks, executors) are skipped unparsed.
import type { Fields } from './fields.ts';
import { isObject, listOf, show } from './fields.ts';
import { JsonError } from './json.ts';
import { type Pieces, scanPieces } from './json-pieces.ts';
import type { Span } from './json-scan.ts';
import { JsonScanner } from './json-scan.ts';
import type { TaskText } from './mesos-reread.ts';
import { TaskTexts } from './mesos-reread.ts';
import { type MesosStateOptions, NOTHING_KNOWN, StateBuilder } from './mesos-state-builder.ts';
import { FRAMEWORK_FIELDS, OTHER_ORDER, StatePieces } from './mesos-state-pieces.ts';
import type { Reading } from './reading.ts';

/**
 * Reads a parsed /state document.
 * @throws TypeError when it is no object
 */
export function readMesosState(document: unknown, options: MesosStateOptions = {}): Reading {
  if (!isObject(document)) throw new TypeError(`expected a /state document, an object, got ${show(document)}`);
  const state = new StateBuilder(options, NOTHING_KNOWN);
  if (state.isList(document.slaves, 'slaves'))
    for (const [i, value] of listOf(document.slaves).entries()) state.agent(i, value);
  if (state.isList(document.frameworks, 'frameworks'))
    for (const [i, value] of listOf(document.frameworks).entries()) {
      const framework = state.framework(i, value);
      if (!framework) continue;
      const tasks = state.tasksOf(i, value, (value as Fields).tasks);
      for (const [t, task] of tasks.entries()) state.task(task, framework, `frameworks[${i}].tasks`, t);
    }
  return state.finish(document.leader);
}

/** Reads the text of one /state document: `MesosStateReader.read`. */
export function readMesosStateText(text: Buffer, options: MesosStateOptions = {}): Reading {
  return new MesosStateReader(options).read(text);
}

/** Reads the texts of one master's documents one after another; what is as it was keeps its objects. */
export class MesosStateReader {
  readonly #options: MesosStateOptions;
  #known = NOTHING_KNOWN;

  constructor(options: MesosStateOptions = {}) {
    this.#options = options;
  }

  /**
   * Goes over the text once and parses it task by task.
   * @param text UTF-8
   * @throws JsonError when it is no JSON object, with line and column
   */
  read(text: Buffer): Reading {
    const scanner = new JsonScanner(text);
    const texts = new TaskTexts(scanner, this.#known.texts);
    const parse = (span: Span) => scanner.parse(span);
    // Agents may stand behind the tasks that run on them, so the places of all are gathered before any is read.
    const frameworks: { fields: unknown; tasks: unknown }[] = [];
    let agents: unknown;
    let leader: unknown;
    let notList: unknown;
    scanner.object((name) => {
      if (name === 'slaves') agents = listOrValue(scanner, () => scanner.skip());
      else if (name === 'leader') leader = scanner.value();
      else if (name !== 'frameworks') scanner.skip();
      else if (scanner.next() === 'list') scanner.list(() => frameworks.push(scanFramework(scanner, texts)));
      else notList = scanner.value();
    });
    scanner.end();
    const state = new StateBuilder(this.#options, this.#known);
    if (state.isList(agents, 'slaves'))
      for (const [i, span] of listOf(agents).entries()) state.agent(i, parse(span as Span));
    state.isList(notList, 'frameworks');
    frameworks.forEach(({ fields, tasks }, i) => {
      const framework = state.framework(i, fields);
      if (!framework) return;
      const elements = state.tasksOf(i, fields, tasks);
      for (let t = 0; t < elements.length; t++)
        state.taskText(elements[t] as TaskText, framework, `frameworks[${i}].tasks`, t, parse);
    });
    const found = frameworks.flatMap(({ tasks }) => (Array.isArray(tasks) ? (tasks as TaskText[]) : []));
    return this.#remembered(state.finish(leader), found);
  }

  /**
   * The same of a text that comes in pieces, so that a large one is never in memory as a whole, and its reader does not
   * have this thread for itself all the time. Only of one without faults and in the order in which masters write.
   * @returns undefined for any other text: it is to be read as a whole
   */
  async readPieces(pieces: Pieces): Promise<Reading | undefined> {
    const scanner = JsonScanner.ofPieces();
    const state = new StatePieces(scanner, this.#options, this.#known);
    try {
      await scanPieces(scanner, pieces, state.document());
    } catch (error) {
      if (error instanceof JsonError || error === OTHER_ORDER) return undefined;
      throw error;
    }
    return this.#remembered(state.finish(), state.texts);
  }

  #remembered(reading: Reading, texts: readonly TaskText[]): Reading {
    const { agents, frameworks } = reading.cluster;
    this.#known = { texts, agents: byId(agents), frameworks: byId(frameworks) };
    return reading;
  }
}

function byId<T extends { readonly id: string }>(values: readonly T[]): Map<string, T> {
  return new Map(values.map((value) => [value.id, value]));
}

function scanFramework(scanner: JsonScanner, texts: TaskTexts): { fields: unknown; tasks: unknown } {
  if (scanner.next() !== 'object') return { fields: scanner.value(), tasks: undefined };
  const fields: Record<string, unknown> = {};
  let tasks: unknown;
  scanner.object((name) => {
    if (name === 'tasks') tasks = listOrValue(scanner, () => texts.next());
    else if (FRAMEWORK_FIELDS.has(name)) fields[name] = scanner.value();
    else scanner.skip();
  });
  return { fields, tasks };
}

/** What `element` gives for each element of a list; what is no list comes as it is. */
function listOrValue(scanner: JsonScanner, element: () => Span): unknown {
  if (scanner.next() !== 'list') return scanner.value();
  const elements: Span[] = [];
  scanner.list(() => elements.push(element()));
  return elements;
}
