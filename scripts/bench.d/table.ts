// Tables as Markdown that reads well on a terminal too: columns padded, numbers to the right.
import type { Spread } from './statistics.ts';

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below it: what a column means, why a row is missing. */
  readonly notes?: readonly string[];
}

/** The table with its title as a heading of the second level. */
export function tableText({ title, head, rows, notes = [] }: Table): string {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i]!.length)));
  // The first column is words, and so is any that holds something else than figures.
  const isWords = head.map((_, i) => i === 0 || rows.some((row) => /^[A-Za-z]{2}/.test(row[i]!)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (isWords[i] ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (isWords[i] ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const below = notes.map((note) => `\n${note}\n`).join('');
  return `## ${title}\n\n${[line(head), rule, ...rows.map(line)].join('\n')}\n${below}`;
}

/** Three significant digits, and whole numbers with separators: `2.31`, `46.2`, `412,000`. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** `2.31 (2.28-2.40)`: the median, and where the turns lay. */
export function spreadText({ median, min, max }: Spread): string {
  return min === max ? figure(median) : `${figure(median)} (${figure(min)}-${figure(max)})`;
}

/** `0.74 x` */
export function ratioText(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '-' : `${value.toFixed(2)} x`;
}
