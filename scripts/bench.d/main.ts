// `scripts/bench`: measures Portolan beside its peers and prints tables; `--write` keeps them in src/BENCHMARKS.md.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { CHANGE_COST } from './change-cost.ts';
import { CHANGE_LATENCY } from './change-latency.ts';
import { CHURN } from './churn.ts';
import { EVENTS_SCENARIO } from './events.ts';
import { HEAP } from './heap.ts';
import { LOAD_TIME, REREADING } from './loading.ts';
import { machineText, versionOf } from './machine.ts';
import { peerVersions } from './peers.ts';
import type { Bench, Claim, Scenario } from './scenario.ts';
import { MEMORY } from './sizes.ts';
import { STEADY } from './steady.ts';
import { figure, type Table, tableText } from './table.ts';

/** All that is measured, in the order of the tables. More: a file here, and its name in this list. */
const SCENARIOS: readonly Scenario[] = [
  ...STEADY,
  CHURN,
  CHANGE_LATENCY,
  CHANGE_COST,
  EVENTS_SCENARIO,
  LOAD_TIME,
  REREADING,
  MEMORY,
  HEAP,
];

const TOP = join(import.meta.dirname, '..', '..');
const REPORT = join(TOP, 'src', 'BENCHMARKS.md');

/** Seconds of load in one turn. */
const SECONDS = 6;
const QUICK_SECONDS = 2;

interface Options {
  readonly turns?: number;
  readonly seconds?: number;
  readonly only?: readonly string[];
  readonly quick: boolean;
  readonly write: boolean;
}

const program = new Command('scripts/bench')
  .description('Measures Portolan beside NSD and Knot DNS, and beside Mesos-DNS when MESOS_DNS names its program.')
  .option('--turns <number>', 'how often each thing is measured (default: 5)', positive)
  .option('--seconds <number>', `seconds of load in one turn (default: ${SECONDS})`, positive)
  .option('--only <names>', 'scenarios, with commas between', listOfScenarios)
  .option('--quick', 'one short turn, small sizes: shows that all works, its figures mean little', false)
  .option('--write', `writes ${relative(TOP, REPORT)} as well`, false)
  .addHelpText(
    'after',
    `\nScenarios:\n${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(16)}${title}`).join('\n')}`,
  )
  .action(run);

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1_000))
    throw new InvalidArgumentError('expected a number, more than 0 and at most 1,000');
  return value;
}

function listOfScenarios(text: string): string[] {
  const names = text.split(',');
  for (const name of names)
    if (!SCENARIOS.some((scenario) => scenario.name === name))
      throw new InvalidArgumentError(`expected names of ${SCENARIOS.map((s) => s.name).join(', ')}, got ${name}`);
  return names;
}

async function run({ turns, seconds, only, quick, write }: Options): Promise<void> {
  if (versionOf('dnsperf', '-h') === undefined) throw new Error('Cannot measure: there is no dnsperf; install it');
  const folder = mkdtempSync(join(tmpdir(), 'portolan-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const bench: Bench = {
    turns: turns ?? (quick ? 1 : 5),
    seconds: seconds ?? (quick ? QUICK_SECONDS : SECONDS),
    isQuick: quick,
    folder,
    say,
  };
  const parts = [heading(bench)];
  process.stdout.write(parts[0]!);
  const claims: Claim[] = [];
  for (const scenario of SCENARIOS) {
    if (only && !only.includes(scenario.name)) continue;
    say(`${scenario.name}: ${scenario.title}`);
    const result = await scenario.run(bench);
    claims.push(...result.claims);
    for (const table of result.tables) print(parts, table);
  }
  // Small sizes keep no promise and break none.
  if (claims.length > 0 && !quick) print(parts, claimTable(claims));
  if (write) writeFileSync(REPORT, parts.join('\n'));
}

function print(parts: string[], table: Table): void {
  const text = tableText(table);
  parts.push(text);
  process.stdout.write(`\n${text}`);
}

function heading({ turns, seconds }: Bench): string {
  const { version } = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as { version: string };
  const command = ['./scripts/bench', ...process.argv.slice(2)].join(' ');
  return `# Benchmarks

\`${command}\` on ${new Date().toISOString().slice(0, 10)}; Portolan ${version} on Node ${process.versions.node}, ${peerVersions()}; ${machineText()}.

Every figure is the median of ${turns} turn${turns === 1 ? '' : 's'} of ${seconds} s, in parentheses the least and the greatest; servers take turns. µs/query:
processor time, user and system, of all processes and threads of the server, for each answered query, while dnsperf asks as
fast as it can, on a processor of its own where there are enough; dnsperf is often the slower of the two, so q/s may be its
limit and not the server's. Latencies: at 20,000 queries a second; over UDP until the kernel took the answer in. RSS: after
the load.
`;
}

function claimTable(claims: readonly Claim[]): Table {
  return {
    title: 'Promises',
    head: ['what', 'at most', 'measured', 'kept'],
    rows: claims.map(({ what, limit, measured, unit }) => [
      what,
      `${limit} ${unit}`,
      measured === undefined ? '-' : `${figure(measured)} ${unit}`,
      measured === undefined ? 'not measured' : measured <= limit ? 'yes' : 'NO',
    ]),
  };
}

try {
  await program.parseAsync();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
