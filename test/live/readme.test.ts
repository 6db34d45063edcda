// README.md's console blocks, word for word: each `$ dig` is run against the demo and must print what stands below it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, type Server, serve } from './portolan.ts';

const TOP = join(import.meta.dirname, '..', '..');
const readme = readFileSync(join(TOP, 'README.md'), 'utf8');

interface Example {
  readonly command: string;
  readonly output: readonly string[];
}

/** The commands of all console blocks, each with the lines that stand below it. */
function examples(text: string): Example[] {
  const blocks = [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command, ...output] = part.trimEnd().split('\n');
        return { command: command!, output };
      }),
  );
}

/** Port that the demo, and so every example, uses. */
const DEMO_PORT = '-p 5300';

describe('README.md', () => {
  let server: Server;
  beforeAll(async () => {
    server = await serve('--config', join(TOP, 'zones', 'demo.json'));
  });
  afterAll(() => server?.stop());

  it('has three examples on its first screen, for the port of the demo', () => {
    expect(examples(readme.split('\n## ')[0]!)).toHaveLength(3);
    for (const { command } of examples(readme)) expect(command).toContain(DEMO_PORT);
    expect(readFileSync(join(TOP, 'zones', 'demo.json'), 'utf8')).toContain('127.0.0.1:5300');
  });

  for (const { command, output } of examples(readme))
    it(`$ ${command}`, async () => {
      const [program, ...args] = command.replace(DEMO_PORT, `-p ${server.port}`).split(' ');
      const { stdout, status } = await run(program!, ...args);
      expect(status).toBe(0);
      // The order of the records of a set rotates; README.md says so.
      expect(stdout.trimEnd().split('\n').sort()).toEqual([...output].sort());
    });

  it('shows the examples that ./scripts/run prints', () => {
    const script = readFileSync(join(TOP, 'scripts', 'run'), 'utf8');
    for (const { command } of examples(readme.split('\n## ')[0]!)) expect(script).toContain(`  ${command}\n`);
  });
});
