// `portolan export`: what is known of services, in the forms in which other programs take it.
import { Command, Option } from 'commander';
import { type Side, tasksNamed } from '../export/endpoints.ts';
import { linkEnvironment, marathonEnvironment } from '../export/env.ts';
import { hostsFile } from '../export/hosts.ts';
import { parseWantedPort, portList } from '../export/ports.ts';
import { readSources, type SourceReading } from '../offline.ts';
import { type Flags, readSettings, repeated, withConfigFlags } from './settings.ts';

interface ExportFlags extends Flags {
  readonly outside: boolean;
  readonly as?: string;
  readonly style: 'link' | 'marathon';
}

/** Builds the command. */
export function exportCommand(): Command {
  return new Command('export')
    .description('Prints what the sources know of services in the forms of other programs.')
    .addCommand(hosts())
    .addCommand(env())
    .addCommand(ports());
}

function hosts(): Command {
  return withSources(new Command('hosts').description('A hosts file: addresses, names and ids of all tasks'))
    .addOption(outside())
    .action(async (flags: ExportFlags, self: Command) => {
      process.stdout.write(hostsFile(await readTasks(flags, self), sideOf(flags)));
    });
}

function env(): Command {
  return withSources(new Command('env').description('Environment variables that tell where a service is'))
    .argument('<service>', 'name or id of a task, an app, a service, or service.stack')
    .addOption(outside())
    .addOption(
      new Option('--style <style>', 'link: DB_PORT_3306_TCP_ADDR, as docker run --link; marathon: PORT0, PORT_HTTP')
        .choices(['link', 'marathon'])
        .default('link'),
    )
    .option('--as <alias>', 'what the names begin with in the style of links; the name when absent')
    .action(async (service: string, flags: ExportFlags, self: Command) => {
      const tasks = named(await readTasks(flags, self), service, self);
      process.stdout.write(
        flags.style === 'link'
          ? linkEnvironment(tasks, flags.as ?? service, sideOf(flags))
          : marathonEnvironment(tasks[0]!, sideOf(flags)),
      );
    });
}

function ports(): Command {
  return withSources(new Command('ports').description('Where the host leads to the ports of a service, as docker port'))
    .argument('<service>', 'name or id of a task, an app, a service, or service.stack')
    .argument('[port]', 'only this one: 5000 or 5000/udp')
    .action(async (service: string, port: string | undefined, flags: ExportFlags, self: Command) => {
      const wanted = port === undefined ? undefined : parseWantedPort(port);
      if (port !== undefined && !wanted)
        self.error(`error: port: expected a port such as 5000 or 5000/udp, got ${port}`);
      process.stdout.write(portList(named(await readTasks(flags, self), service, self), wanted));
    });
}

function withSources(command: Command): Command {
  return withConfigFlags(command).option(
    '--state <file>',
    'read this file or folder; may be given several times',
    repeated,
  );
}

function outside(): Option {
  return new Option('--outside', "at the hosts' addresses, for programs that cannot reach the containers").default(
    false,
  );
}

function sideOf({ outside }: ExportFlags): Side {
  return outside ? 'outside' : 'inside';
}

type Tasks = NonNullable<SourceReading['cluster']>['tasks'];

/** All tasks of all sources; what a source could not tell is told on standard error. */
async function readTasks(flags: ExportFlags, self: Command): Promise<Tasks> {
  const { config, notes } = readSettings(flags);
  if (config.sources.length === 0) self.error('error: expected sources in the configuration, or --state');
  for (const note of notes) complain(note);
  const readings = await readSources(config, Date.now);
  for (const { source, troubles } of readings)
    for (const trouble of troubles) {
      complain(`${source}: ${trouble}`);
      process.exitCode = 1;
    }
  return readings.flatMap(({ cluster }) => cluster?.tasks ?? []);
}

function named(tasks: Tasks, service: string, self: Command): Tasks {
  const found = tasksNamed(tasks, service);
  if (found.length === 0) self.error(`error: no source knows a task, app or service called ${service}`);
  return found;
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}
