// `portolan check`: a linter for everything that `serve` reads: the configuration, the zone files, the states, and what
// would be made of them. Prints every problem with its place and severity.
import { Command } from 'commander';
import { ConfigError } from '../config.ts';
import { makeZones, readSources, readZoneFolder } from '../offline.ts';
import { type Flags, readSettings, repeated, type Settings, withConfigFlags } from './settings.ts';

/** `error`: serve would refuse it, or serve without it all; `warning`: an entry is left out; `note`: good to know. */
type Severity = 'error' | 'warning' | 'note';

/** Prints findings and counts them. */
class Report {
  readonly counts: Record<Severity, number> = { error: 0, warning: 0, note: 0 };

  add(severity: Severity, place: string, message: string): void {
    this.counts[severity]++;
    process.stdout.write(`${place}: ${severity}: ${message}\n`);
  }

  /** `1 error, 2 warnings, 0 notes` */
  summary(): string {
    return Object.entries(this.counts)
      .map(([severity, count]) => `${count} ${severity}${count === 1 ? '' : 's'}`)
      .join(', ');
  }
}

/** Builds the command. */
export function check(): Command {
  const command = new Command('check')
    .description(
      'Checks the configuration, the zone files and the states without serving; exits 1 if there is an error.',
    )
    .option('--zones <folder>', 'check its *.zone files')
    .option('--state <file>', 'check this file or folder of states; may be given several times', repeated);
  return withConfigFlags(command).action(async (flags: Flags) => {
    const report = new Report();
    const settings = checkSettings(flags, report);
    if (settings) {
      if (settings.config.zones !== undefined) await checkZones(settings.config.zones, report);
      await checkSources(settings, report);
    }
    process.stdout.write(`${report.summary()}\n`);
    if (report.counts.error > 0) process.exitCode = 1;
  });
}

function checkSettings(flags: Flags, report: Report): Settings | undefined {
  try {
    const settings = readSettings(flags);
    for (const note of settings.notes) report.add('note', flags.mesosDnsConfig!, note);
    return settings;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) {
      // A problem begins with its place: file:line:column, or the flag.
      const [, place, message] = /^(.+?(?::\d+:\d+)?): (.*)$/s.exec(problem)!;
      report.add('error', place!, message!);
    }
    return undefined;
  }
}

async function checkZones(folder: string, report: Report): Promise<void> {
  const { zones, problems } = await readZoneFolder(folder);
  for (const { file, line, column, severity, message } of problems)
    report.add(severity, `${file}:${line}:${column}`, message);
  const first = new Map<string, string>();
  for (const { file, name } of zones) {
    const other = first.get(name);
    if (other === undefined) first.set(name, file);
    else report.add('error', file, `the zone ${name} is in ${other} already; remove one of the two files`);
  }
}

async function checkSources({ config }: Settings, report: Report): Promise<void> {
  const readings = await readSources(config, Date.now);
  for (const { source, problems, troubles } of readings) {
    for (const trouble of troubles) report.add('error', source, trouble);
    for (const { where, why } of problems) report.add('warning', `${source}: ${where}`, why);
  }
  const { problems } = makeZones(config, readings, Date.now);
  for (const { where, why } of problems) report.add('warning', where, why);
}
