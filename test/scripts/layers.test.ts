// The layering check against small trees made for it, and against this project.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkLayers, importsOf, layerTable, tokenize } from '../../scripts/layers.ts';

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** A project with these files under src/. */
function project(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  made.push(root);
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, 'src', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return root;
}

const specifiers = (source: string) => importsOf(tokenize(source)).map(({ specifier, line }) => `${line} ${specifier}`);

describe('importsOf', () => {
  it('finds every way to name a module', () => {
    const source = [
      "import './a.ts';",
      "import b from './b.ts';",
      "import * as c from './c.ts';",
      "import type { D } from './d.ts';",
      "import {\n  e,\n  type F,\n} from './e.ts';",
      "export { g } from './g.ts';",
      "export * from './h.ts';",
      "export type { I } from './i.ts';",
      "const j = await import('./j.ts');",
      "type K = import('./k.ts').K;",
    ].join('\n');
    expect(specifiers(source)).toEqual([
      '1 ./a.ts',
      '2 ./b.ts',
      '3 ./c.ts',
      '4 ./d.ts',
      '8 ./e.ts',
      '9 ./g.ts',
      '10 ./h.ts',
      '11 ./i.ts',
      '12 ./j.ts',
      '13 ./k.ts',
    ]);
  });

  it('is not deceived by comments, strings, templates and regular expressions', () => {
    const source = [
      "// import './no.ts'",
      "/* import './no.ts' */",
      'const a = "import \'./no.ts\'";',
      "const b = `import './no.ts' ${`import('./no.ts')`} } ${{ a }}`;",
      "const c = /import '.\\/no[/'`]ts'/.test('x') ? 4 / 2 / 1 : 1;",
      "const d = Array.from('import');",
      "export const from = './no.ts';",
      'const url = import.meta.url;',
      "import './yes.ts';",
    ].join('\n');
    expect(specifiers(source)).toEqual(['9 ./yes.ts']);
  });

  it('sees an import inside a template', () => {
    expect(specifiers("const a = `x ${await import('./a.ts')} y`;")).toEqual(['1 ./a.ts']);
  });
});

describe('checkLayers', () => {
  it('lets a part import itself and what its row allows', () => {
    const root = project({
      'wire/name.ts': 'export const a = 1;',
      'wire/rr.ts': "import { a } from './name.ts';\nexport const b = a;",
      'zone/image.ts': "import type { b } from '../wire/rr.ts';\nexport type C = typeof b;",
      'listen/udp.ts':
        "import type { C } from '../zone/image.ts';\nimport dgram from 'node:dgram';\nexport type D = C;",
    });
    expect(checkLayers(root)).toEqual([]);
  });

  it('names file, line, rule and reason of a forbidden import, type-only ones included', () => {
    const root = project({
      'wire/name.ts': "// a name\nimport type { Task } from '../model/task.ts';\nexport type A = Task;",
      'model/task.ts': 'export type Task = string;',
    });
    expect(checkLayers(root)).toEqual([
      {
        file: 'src/wire/name.ts',
        line: 2,
        message:
          'wire/ may not import model/task.ts: it may import nothing of ours, because octets know no task, no zone, no socket',
      },
    ]);
  });

  it('allows one file of a folder where the row names one file', () => {
    const root = project({
      'zone/image.ts': 'export const a = 1;',
      'zone/store.ts': 'export const a = 1;',
      'listen/udp.ts': "import '../zone/image.ts';\nimport '../zone/store.ts';",
    });
    expect(checkLayers(root).map(({ file, line }) => `${file}:${line}`)).toEqual(['src/listen/udp.ts:2']);
  });

  it('lets app.ts import everything but cli/', () => {
    const root = project({
      'app.ts': "import './cli/main.ts';\nimport './wire/name.ts';",
      'cli/main.ts': '',
      'wire/name.ts': '',
    });
    expect(checkLayers(root).map(({ line, message }) => `${line} ${message}`)).toEqual([
      '1 app.ts may not import cli/main.ts: it may import everything but cli/, because the one place where parts are wired together',
    ]);
  });

  it('finds circles of imports', () => {
    const root = project({
      'base/a.ts': "import './b.ts';",
      'base/b.ts': "\nimport './c.ts';",
      'base/c.ts': "import './a.ts';",
    });
    expect(checkLayers(root)).toEqual([
      {
        file: 'src/base/c.ts',
        line: 1,
        message: 'closes a circle of imports: base/a.ts -> base/b.ts -> base/c.ts -> base/a.ts',
      },
    ]);
  });

  it('keeps sockets, threads, FFI and the environment in their one place', () => {
    const root = project({
      'zone/a.ts': "import { isIP } from 'node:net';\nimport { connect } from 'node:net';\nimport 'koffi';",
      'answer/b.ts': "import { Worker } from 'node:worker_threads';",
      'base/c.ts': 'export const a = process.env.HOME;',
      'config.ts': 'export const a = process.env.HOME;',
    });
    expect(checkLayers(root).map(({ file, line }) => `${file}:${line}`)).toEqual([
      'src/answer/b.ts:1',
      'src/base/c.ts:1',
      'src/zone/a.ts:2',
      'src/zone/a.ts:3',
    ]);
  });

  it('wants a row for every part, and imports that exist', () => {
    const root = project({ 'utils/a.ts': '', 'base/b.ts': "import './missing.ts';\nimport './c';", 'base/c.ts': '' });
    expect(checkLayers(root).map(({ file, line }) => `${file}:${line}`)).toEqual([
      'src/base/b.ts:1',
      'src/base/b.ts:2',
      'src/utils/a.ts:1',
    ]);
  });
});

describe('this project', () => {
  const root = join(import.meta.dirname, '..', '..');

  it('keeps its own layers', () => {
    expect(checkLayers(root)).toEqual([]);
  });

  it('shows in src/README.md the table that is checked', () => {
    expect(readFileSync(join(root, 'src', 'README.md'), 'utf8')).toContain(layerTable());
  });
});
