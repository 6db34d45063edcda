// The flags that several commands share, and how they and the files they name become one `Config`: a Mesos-DNS
// configuration lies lowest, ours over it, flags on top.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { buildConfig, type Config, type ConfigInput, type ConfigLayer, readConfigFile } from '../config.ts';
import { readMesosDnsConfig } from '../config-mesos-dns.ts';

/** Values of the shared flags; each command offers some of them. */
export interface Flags {
  readonly config?: string;
  readonly mesosDnsConfig?: string;
  readonly listen?: readonly string[];
  readonly zones?: string;
  readonly state?: readonly string[];
  readonly workers?: string;
  readonly logLevel?: string;
  readonly mode?: string;
}

/** The flag that gives a setting, by the setting's first key. */
const FLAG_OF: Readonly<Record<string, string>> = {
  listen: '--listen',
  zones: '--zones',
  sources: '--state',
  workers: '--workers',
  log: '--log-level',
  mode: '--mode',
};

/** Collects a flag that may be given several times. */
export function repeated(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Gives a command the flags that name files of settings. */
export function withConfigFlags(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (JSON with comments)')
    .option('--mesos-dns-config <file>', 'configuration file of Mesos-DNS, taken as it is')
    .option('--mode <mode>', 'exact: record sets as the reference systems have them; default: repaired');
}

/** The settings, and a line for each key of a Mesos-DNS configuration that is not wholly honoured. */
export interface Settings {
  readonly config: Config;
  readonly notes: readonly string[];
  /** What dumps in the form of Mesos-DNS say of how often the state is read. */
  readonly refreshSeconds: number;
}

/** What Mesos-DNS takes when its configuration says nothing, or when there is none. */
const DEFAULT_REFRESH_SECONDS = 60;

/**
 * Reads the files that the flags name and lays the flags over them.
 * @throws ConfigError with every problem
 */
export function readSettings(flags: Flags): Settings {
  const mesosDns = flags.mesosDnsConfig === undefined ? undefined : readMesosDnsConfig(flags.mesosDnsConfig);
  const layers: ConfigLayer[] = [];
  if (mesosDns) layers.push(mesosDns.layer);
  if (flags.config !== undefined) layers.push(readConfigFile(flags.config));
  layers.push(flagLayer(flags));
  const withMasters = mesosDns ? layers.map((layer) => giveMasters(layer, mesosDns.masters)) : layers;
  return {
    config: buildConfig(withMasters),
    notes: mesosDns?.notes ?? [],
    refreshSeconds: mesosDns?.refreshSeconds ?? DEFAULT_REFRESH_SECONDS,
  };
}

function flagLayer({ listen, zones, state, workers, logLevel, mode }: Flags): ConfigLayer {
  const input: Record<string, unknown> = {
    listen,
    zones: zones === undefined ? undefined : resolve(zones),
    sources: state?.map((file) => ({ kind: 'file', path: resolve(file) })),
    workers: workers !== undefined && /^\d+$/.test(workers) ? Number(workers) : workers,
    log: logLevel === undefined ? undefined : { level: logLevel },
    mode,
  };
  for (const key of Object.keys(input)) if (input[key] === undefined) delete input[key];
  return { input, place: (path) => FLAG_OF[String(path[0])] ?? 'command line' };
}

/** Mesos-DNS names the masters for all states that it reads; so do we, for the file sources that name none themselves. */
function giveMasters(layer: ConfigLayer, masters: readonly string[]): ConfigLayer {
  const { sources, ...rest } = (layer.input ?? {}) as ConfigInput;
  if (masters.length === 0 || !Array.isArray(sources)) return layer;
  const named = sources.map((source) => (source?.kind === 'file' ? { masters, ...source } : source));
  return { ...layer, input: { ...rest, sources: named } };
}
