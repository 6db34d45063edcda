#!/usr/bin/env node
// The `portolan` command. Results go to standard output, everything else to standard error; the exit status is 0, or 1
// when something is wrong with what was asked or found.
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { ConfigError } from '../config.ts';
import { check } from './check.ts';
import { exportCommand } from './export.ts';
import { healthcheck } from './healthcheck.ts';
import { lookup } from './lookup.ts';
import { records } from './records.ts';
import { serve } from './serve.ts';

/** The commands, in the order of the help. A new one: a file here, and its name in this list. */
const COMMANDS = [serve, check, records, exportCommand, lookup, healthcheck];

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('portolan')
  .description('A service-discovery DNS server for the ports that schedulers give to tasks.')
  .version(version)
  .showHelpAfterError('(portolan help COMMAND says more)');
for (const command of COMMANDS) program.addCommand(command());

// A reader that has seen enough (`portolan records … | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
