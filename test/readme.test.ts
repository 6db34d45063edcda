// What README.md says of the program, held against the program. (Its console blocks: test/live/readme.test.ts.)
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPAIRS } from '../src/records/repairs.ts';

const path = join(import.meta.dirname, '..', 'README.md');

/** The list of repairs as README.md shows it. */
const repairs = [
  '| here, in the default mode | the reference, and the exact mode |',
  '|---|---|',
  ...REPAIRS.map(
    ({ what, reference, always }) => `| ${what} | ${reference}${always ? ' (The exact mode does as we do.)' : ''} |`,
  ),
].join('\n');

const MARKED = /(<!-- repairs: from src\/records\/repairs\.ts -->\n)[\s\S]*?(\n<!-- end -->)/;

describe('README.md', () => {
  it('lists every difference of the default mode (UPDATE=1 rewrites the list)', () => {
    console.info(repairs);
    if (process.env.UPDATE === '1') {
      const updated = readFileSync(path, 'utf8').replace(MARKED, (_, open, close) => `${open}${repairs}${close}`);
      writeFileSync(path, updated);
    }
    const [shown] = MARKED.exec(readFileSync(path, 'utf8'))!;
    expect(shown).toContain(`\n${repairs}\n`);
  });
});
