// The layering check: who may import whom in src/ (type-only imports count), what may stand in one place only (sockets,
// threads, FFI, the environment), and import circles. `src/README.md` shows the same table; a test compares the two.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One row of the table: a folder of src/ (`zone/`) or a file right in it (`app.ts`). */
export interface Layer {
  readonly floor: number;
  readonly part: string;
  /** Folders and files that it may import besides itself; `*`: everything that is not in `never`. */
  readonly may: readonly string[];
  readonly never?: readonly string[];
  /** Why the line is drawn there; printed with each finding. */
  readonly why: string;
}

export const LAYERS: readonly Layer[] = [
  { floor: 1, part: 'base/', may: [], why: 'the ground knows nothing of us' },
  { floor: 1, part: 'model/', may: [], why: 'the model is neutral: no DNS, no system' },
  { floor: 1, part: 'wire/', may: [], why: 'octets know no task, no zone, no socket' },
  { floor: 2, part: 'sources/', may: ['model/', 'base/'], why: 'a source reports tasks and knows no DNS' },
  { floor: 2, part: 'zone/', may: ['wire/', 'base/'], why: 'RRsets at rest know no task' },
  { floor: 2, part: 'config-values.ts', may: ['wire/', 'base/'], why: 'it knows how single settings are written' },
  { floor: 3, part: 'records/', may: ['model/', 'zone/', 'wire/'], why: 'records are a pure function of the model' },
  { floor: 3, part: 'answer/', may: ['zone/', 'wire/', 'base/'], why: 'an answer is made of zones alone' },
  { floor: 3, part: 'export/', may: ['model/'], why: 'an export is a pure function of the model' },
  {
    floor: 3,
    part: 'http/',
    may: ['zone/', 'model/', 'export/', 'base/'],
    why: 'what is live comes in as an argument',
  },
  {
    floor: 3,
    part: 'config.ts',
    may: ['config-values.ts', 'sources/index.ts', 'sources/json.ts', 'wire/', 'base/'],
    why: 'settings are read before anything exists',
  },
  {
    floor: 4,
    part: 'config-mesos-dns.ts',
    may: ['config.ts', 'config-values.ts', 'base/'],
    why: 'it only translates settings',
  },
  {
    floor: 4,
    part: 'listen/',
    may: ['answer/', 'zone/image.ts', 'zone/image-reader.ts', 'zone/layout.ts', 'wire/', 'base/'],
    why: 'a listener moves octets and reads images',
  },
  {
    floor: 4,
    part: 'publish.ts',
    may: ['records/', 'zone/', 'model/', 'wire/', 'base/'],
    why: 'it carries changes from records to zones',
  },
  {
    floor: 5,
    part: 'offline.ts',
    may: ['config.ts', 'sources/', 'records/', 'zone/', 'model/', 'wire/', 'base/'],
    why: 'it builds zones without serving them',
  },
  { floor: 5, part: 'app.ts', may: ['*'], never: ['cli/'], why: 'the one place where parts are wired together' },
  {
    floor: 6,
    part: 'cli/',
    may: ['app.ts', 'offline.ts', 'config.ts', 'config-mesos-dns.ts', 'export/', 'base/'],
    why: 'a command reads arguments, calls and prints',
  },
];

/** Modules that only these parts may load. `names`: what anybody may import from it all the same. */
const RESERVED: readonly { module: string; parts: readonly string[]; names: readonly string[] }[] = [
  { module: 'node:dgram', parts: ['listen/', 'answer/forward.ts'], names: [] },
  { module: 'node:tls', parts: ['listen/', 'answer/forward.ts'], names: [] },
  { module: 'node:worker_threads', parts: ['listen/'], names: [] },
  { module: 'koffi', parts: ['listen/'], names: [] },
  {
    module: 'node:net',
    parts: ['listen/', 'answer/forward.ts'],
    names: ['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress'],
  },
];

export interface Finding {
  /** Relative to the folder above src/, with forward slashes. */
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Names in braces; undefined when the whole module is imported or it is loaded at run time. */
  readonly names: readonly string[] | undefined;
}

interface Token {
  readonly kind: 'word' | 'string' | 'sign';
  readonly text: string;
  readonly line: number;
}

/** A `/` after one of these begins a regular expression, after any other token a division. */
const BEFORE_REGEX =
  /^(?:[-(,=:[!&|?{};+*%~^<>]|=>|return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/;

/** The words, strings and signs of a TypeScript source, without comments; template texts come as strings. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const lexeme =
    /(\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*")|([\p{L}\p{N}_$#]+)|(=>|[\s\S])/uy;
  const regex = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
  const template = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(`|\$\{)/y;
  /** For each template that is open: how many braces are open inside its `${`. */
  const templates: number[] = [];
  let line = 1;
  let at = 0;
  const push = (kind: Token['kind'], text: string): void => {
    tokens.push({ kind, text, line });
  };
  const advance = (length: number): void => {
    line += source.slice(at, at + length).split('\n').length - 1;
    at += length;
  };
  const readTemplate = (): void => {
    template.lastIndex = at;
    const part = template.exec(source);
    if (!part) throw new SyntaxError(`line ${line}: a template is not closed`);
    push('string', part[0].slice(0, -part[1]!.length));
    advance(part[0].length);
    if (part[1] === '${') templates.push(0);
  };
  while (at < source.length) {
    const last = tokens.at(-1);
    regex.lastIndex = at;
    if (source[at] === '/' && !/^\/[/*]/.test(source.slice(at, at + 2)) && (!last || BEFORE_REGEX.test(last.text))) {
      const literal = regex.exec(source);
      if (literal) {
        push('sign', '/regex/');
        advance(literal[0].length);
        continue;
      }
    }
    lexeme.lastIndex = at;
    const [whole, blank, text, word, sign] = lexeme.exec(source)!;
    if (text !== undefined) push('string', text.slice(1, -1));
    else if (word !== undefined) push('word', word);
    else if (sign !== undefined) push('sign', sign);
    advance(whole.length);
    if (blank !== undefined) continue;
    if (sign === '`') {
      tokens.pop();
      readTemplate();
    } else if (sign === '{' && templates.length > 0) templates[templates.length - 1]!++;
    else if (sign === '}' && templates.length > 0 && templates[templates.length - 1]!-- === 0) {
      templates.pop();
      tokens.pop();
      readTemplate();
    }
  }
  return tokens;
}

/** Every module that a source names: `import … from`, `export … from`, `import 'x'`, `import('x')`, `import('x').Type`. */
export function importsOf(tokens: readonly Token[]): Import[] {
  const found: Import[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || (token.text !== 'import' && token.text !== 'export')) continue;
    if (tokens[index - 1]?.text === '.') continue;
    const next = tokens[index + 1];
    if (token.text === 'import' && next?.kind === 'string') {
      found.push({ specifier: next.text, line: next.line, names: undefined });
    } else if (token.text === 'import' && next?.text === '(') {
      const argument = tokens[index + 2];
      if (argument?.kind === 'string') found.push({ specifier: argument.text, line: argument.line, names: undefined });
    } else {
      const clause = fromClause(tokens, index + 1);
      if (clause) found.push(clause);
    }
  }
  return found;
}

/** What stands between `import` or `export` and its `from 'x'`; undefined when the statement has no `from`. */
function fromClause(tokens: readonly Token[], start: number): Import | undefined {
  const names: string[] = [];
  let braces = false;
  for (let i = start; i < tokens.length; i++) {
    const { kind, text } = tokens[i]!;
    const next = tokens[i + 1];
    if (kind === 'word' && text === 'from' && next?.kind === 'string')
      return { specifier: next.text, line: next.line, names: braces ? names : undefined };
    if (kind === 'string' || (kind === 'sign' && !['{', '}', ',', '*'].includes(text))) return undefined;
    if (text === '{') braces = true;
    if (kind === 'word' && text !== 'type' && tokens[i - 1]?.text !== 'as') names.push(text);
  }
  return undefined;
}

/** The part that a file of src/ belongs to: its first folder, or itself. */
function partOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/') + 1) : file;
}

/** Whether a file is one of these, or in one of these folders. */
function isIn(file: string, parts: readonly string[]): boolean {
  return parts.some((part) => part === file || (part.endsWith('/') && file.startsWith(part)));
}

function isAllowed(layer: Layer, target: string): boolean {
  if (isIn(target, [layer.part])) return true;
  return !isIn(target, layer.never ?? []) && (layer.may.includes('*') || isIn(target, layer.may));
}

/** What a part may import, in words. */
function allowance({ may, never }: Layer): string {
  return never ? `everything but ${never.join(', ')}` : may.join(', ') || 'nothing of ours';
}

/** Checks every file of `root`/src. */
export function checkLayers(root: string): Finding[] {
  const findings: Finding[] = [];
  const source = join(root, 'src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.split(sep).join('/'))
    .sort();
  const graph = new Map<string, readonly { readonly to: string; readonly line: number }[]>();
  for (const file of files) {
    const tokens = tokenize(readFileSync(join(source, file), 'utf8'));
    const report = (line: number, message: string): void => {
      findings.push({ file: `src/${file}`, line, message });
    };
    const layer = LAYERS.find(({ part }) => part === partOf(file));
    if (!layer) {
      report(1, `${partOf(file)} has no row in the table of scripts/layers.ts: give it one, with its reason`);
      continue;
    }
    const edges: { to: string; line: number }[] = [];
    for (const { specifier, line, names } of importsOf(tokens)) {
      if (!specifier.startsWith('.')) {
        checkReserved(file, specifier, names, (message) => report(line, message));
        continue;
      }
      const to = posix.join(posix.dirname(file), specifier);
      if (!files.includes(to)) {
        report(line, `imports ${specifier}, which is no file of src/: imports name a file there, with its .ts`);
        continue;
      }
      edges.push({ to, line });
      if (!isAllowed(layer, to)) {
        report(line, `${layer.part} may not import ${to}: it may import ${allowance(layer)}, because ${layer.why}`);
      }
    }
    graph.set(file, edges);
    for (const [index, token] of tokens.entries())
      if (token.text === 'process' && tokens[index + 2]?.text === 'env' && file !== 'config.ts')
        report(token.line, 'process.env is read in config.ts only, so that every setting is in one place');
  }
  return [...findings, ...circlesOf(graph)];
}

function checkReserved(
  file: string,
  specifier: string,
  names: readonly string[] | undefined,
  report: (message: string) => void,
): void {
  const rule = RESERVED.find(({ module }) => module === specifier || module === `node:${specifier}`);
  if (!rule || isIn(file, rule.parts)) return;
  if (names?.every((name) => rule.names.includes(name))) return;
  report(`${specifier} may be loaded by ${rule.parts.join(' and ')} only: sockets, threads and FFI have one home`);
}

/** Every circle of imports once, named by the file of it that comes first in the alphabet. */
function circlesOf(graph: ReadonlyMap<string, readonly { readonly to: string; readonly line: number }[]>): Finding[] {
  const findings: Finding[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    if (done.has(file)) return;
    path.push(file);
    for (const { to, line } of graph.get(file) ?? []) {
      const start = path.indexOf(to);
      if (start < 0) visit(to);
      else {
        const circle = [...path.slice(start), to].join(' -> ');
        findings.push({ file: `src/${file}`, line, message: `closes a circle of imports: ${circle}` });
      }
    }
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return findings;
}

/** The table as it stands in src/README.md. */
export function layerTable(): string {
  const rows = LAYERS.map((layer) => `| ${layer.floor} | ${layer.part} | ${allowance(layer)} | ${layer.why} |`);
  return ['| floor | part | may import | because |', '|---|---|---|---|', ...rows].join('\n');
}

if (import.meta.main ?? process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const findings = checkLayers(root);
  for (const { file, line, message } of findings)
    console.error(`${relative(process.cwd(), join(root, file))}:${line} ${message}`);
  if (findings.length > 0) process.exitCode = 1;
}
