// `portolan serve`: runs the server until it is told to stop (SIGINT or SIGTERM; a second one ends it at once). SIGUSR2
// writes all counters to the log.
import { Command } from 'commander';
import { type App, startApp } from '../app.ts';
import { createLog } from '../base/log.ts';
import { ConfigError } from '../config.ts';
import { type Flags, readSettings, repeated, withConfigFlags } from './settings.ts';

/** Builds the command. */
export function serve(): Command {
  const command = new Command('serve')
    .description('Answers DNS queries. The log goes to standard error, a line "ready" once every listener answers.')
    .option('--listen <address:port>', 'answer here, UDP and TCP; may be given several times', repeated)
    .option('--zones <folder>', 'serve its *.zone files')
    .option('--state <file>', 'serve the tasks of this file or folder; may be given several times', repeated)
    .option('--workers <number>', 'threads that answer, or auto')
    .option('--log-level <level>', 'fatal, error, warn, info, debug or silent');
  return withConfigFlags(command).action(async (flags: Flags) => {
    const { config, notes } = readSettings(flags);
    const log = createLog(config.log.level);
    for (const note of notes) log.warn({ note }, 'Mesos-DNS configuration');
    if (config.listen.length === 0)
      throw new ConfigError(['listen: expected at least one address to answer at, got []']);
    let app: App;
    try {
      app = await startApp(config, log);
    } catch (error) {
      log.fatal({ why: (error as Error).message }, 'cannot serve');
      process.exitCode = 1;
      return;
    }
    const stop = (): void => {
      for (const signal of SIGNALS) process.removeListener(signal, stop);
      void app.stop();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
    process.on('SIGUSR2', () => log.info({ counters: app.counters(), threads: app.threadCounters() }, 'counters'));
    // Whoever waits for this may stop it at once.
    const listen = app.addresses.map(({ ip, port }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`));
    log.info({ listen }, 'ready');
  });
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
