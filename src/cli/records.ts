// `portolan records`: what is made of a state, without serving it: as master files, or as Mesos-DNS dumps it.
import { Command, Option } from 'commander';
import { makeAxfr, makeZones, readSources } from '../offline.ts';
import { type Flags, readSettings, withConfigFlags } from './settings.ts';

interface RecordsFlags extends Flags {
  readonly format: 'zone' | 'axfr';
  readonly zone?: string;
}

/** Builds the command. */
export function records(): Command {
  const command = new Command('records')
    .description('Prints the records that are made of states (by default of the sources in the configuration).')
    .argument('[state...]', 'files or folders: Mesos /state, Marathon /v2/apps?embed=apps.tasks, Portolan tasks')
    .addOption(
      new Option('--format <format>', 'zone: master files; axfr: the JSON of Mesos-DNS at /v1/axfr')
        .choices(['zone', 'axfr'])
        .default('zone'),
    )
    .option('--zone <origin>', 'only this zone, such as mesos or l4lb.thisdcos.directory');
  return withConfigFlags(command).action(async (states: string[], flags: RecordsFlags, self: Command) => {
    const { config, notes, refreshSeconds } = readSettings(states.length > 0 ? { ...flags, state: states } : flags);
    for (const note of notes) complain(note);
    if (config.sources.length === 0) self.error('error: expected a state file, or sources in the configuration');

    const readings = await readSources(config, Date.now);
    for (const { source, problems, troubles } of readings) {
      for (const { where, why } of problems) complain(`${source}: ${where}: ${why}`);
      for (const trouble of troubles) complain(`${source}: ${trouble}`);
      if (troubles.length > 0) process.exitCode = 1;
    }

    if (flags.format === 'axfr') {
      process.stdout.write(`${JSON.stringify(makeAxfr(config, readings, refreshSeconds, Date.now), null, 1)}\n`);
      return;
    }
    const { zones, problems } = makeZones(config, readings, Date.now);
    for (const { where, why } of problems) complain(`${where}: ${why}`);
    const wanted = zones.filter(({ name }) => flags.zone === undefined || name === asOrigin(flags.zone));
    if (wanted.length === 0)
      self.error(`error: no zone ${flags.zone}; the zones are ${zones.map(({ name }) => name).join(' ')}`);
    process.stdout.write(wanted.map((zone) => zone.text()).join('\n'));
  });
}

/** The origin as the zones are named: lower case, with its final dot. */
function asOrigin(text: string): string {
  return `${text.replace(/\.$/, '').toLowerCase()}.`;
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}
