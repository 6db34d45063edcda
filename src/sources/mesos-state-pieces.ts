// A /state document that comes in pieces, in the order in which masters write it: agents in front of frameworks, what a
// framework is in front of its tasks. So each task is made as soon as its text is there, and the text is forgotten.
import type { Fields } from './fields.ts';
import type { Walk } from './json-pieces.ts';
import { elements, members, once, skip } from './json-pieces.ts';
import type { JsonScanner, Span } from './json-scan.ts';
import type { TaskText } from './mesos-reread.ts';
import { TaskTexts } from './mesos-reread.ts';
import type { Known, MesosStateOptions } from './mesos-state-builder.ts';
import { StateBuilder } from './mesos-state-builder.ts';
import type { Reading } from './reading.ts';

/** Thrown for a document in another order, and for one that is no /state document. */
export const OTHER_ORDER = new Error('the document is in another order');

/** Members of a framework that are read; all others are skipped, which is most of the document. */
export const FRAMEWORK_FIELDS: ReadonlySet<string> = new Set(['id', 'name', 'pid', 'hostname', 'active']);

/** Those that every master writes; schedulers of the HTTP API have no pid. */
const ALWAYS_THERE = ['id', 'name', 'hostname', 'active'];

/** Levels of a document at which it is long: lists of frameworks, these, and their lists. */
const LONG_LEVELS = 3;

export class StatePieces {
  readonly #scanner: JsonScanner;
  readonly #state: StateBuilder;
  readonly #texts: TaskTexts;
  readonly #found: TaskText[] = [];
  readonly #seen = new Set<string>();
  #leader: unknown;

  constructor(scanner: JsonScanner, options: MesosStateOptions, known: Known) {
    this.#scanner = scanner;
    this.#state = new StateBuilder(options, known);
    this.#texts = new TaskTexts(scanner, known.texts);
  }

  /** The tasks that were found. */
  get texts(): readonly TaskText[] {
    return this.#found;
  }

  /** To be called at the end of the walk. */
  finish(): Reading {
    return this.#state.finish(this.#leader);
  }

  /** Goes over the document. @throws OTHER_ORDER */
  *document(): Walk<void> {
    const scanner = this.#scanner;
    yield* members(scanner, (name) => this.#member(name));
    yield* once(scanner, () => scanner.end());
    if (!this.#seen.has('frameworks')) throw OTHER_ORDER;
  }

  *#member(name: string): Walk<void> {
    const scanner = this.#scanner;
    if (name === 'slaves') {
      yield* this.#list(name, this.#seen);
      let i = 0;
      yield* elements(scanner, () => {
        const agent = scanner.value();
        this.#state.agent(i++, agent);
      });
    } else if (name === 'frameworks') {
      if (!this.#seen.has('slaves')) throw OTHER_ORDER;
      yield* this.#list(name, this.#seen);
      for (let i = 0; yield* once(scanner, () => scanner.element(i === 0)); i++) yield* this.#framework(i);
    } else if (name === 'leader') this.#leader = yield* once(scanner, () => scanner.value());
    else yield* skip(scanner, LONG_LEVELS);
  }

  *#framework(i: number): Walk<void> {
    const scanner = this.#scanner;
    if ((yield* once(scanner, () => scanner.next())) !== 'object') throw OTHER_ORDER;
    const fields: Record<string, unknown> = {};
    const seen = new Set<string>();
    const readTasks = () => this.#tasks(i, fields, seen);
    yield* members(scanner, function* (name) {
      if (name === 'tasks') yield* readTasks();
      else if (!FRAMEWORK_FIELDS.has(name)) yield* skip(scanner, 1);
      else if (seen.has('tasks')) throw OTHER_ORDER;
      else fields[name] = yield* once(scanner, () => scanner.value());
    });
    if (!seen.has('tasks')) this.#state.framework(i, fields);
  }

  *#tasks(i: number, fields: Fields, seen: Set<string>): Walk<void> {
    const [scanner, state, texts] = [this.#scanner, this.#state, this.#texts];
    if (!ALWAYS_THERE.every((name) => name in fields)) throw OTHER_ORDER;
    yield* this.#list('tasks', seen);
    const framework = state.framework(i, fields)!;
    const list = `frameworks[${i}].tasks`;
    const parse = (span: Span) => scanner.parse(span);
    let t = 0;
    yield* elements(scanner, () => {
      const text = texts.next();
      this.#found.push(text);
      state.taskText(text, framework, list, t++, parse);
    });
  }

  /** Sees that what follows is a list, and the first of its name. */
  *#list(name: string, seen: Set<string>): Walk<void> {
    if (seen.has(name) || (yield* once(this.#scanner, () => this.#scanner.next())) !== 'list') throw OTHER_ORDER;
    seen.add(name);
  }
}
