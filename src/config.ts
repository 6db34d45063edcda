// The settings: one file (JSON with comments) and the command line, checked whole and turned into one frozen `Config`.
// Every problem comes in one report, each with its place and its cure. The shape below is also the JSON Schema for
// editors (`portolan.schema.json`). No setting holds a secret: it names the environment variable that does, which is read
// here and nowhere else.
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { blankComments } from './base/jsonc.ts';
import { LOG_LEVELS } from './base/log.ts';
import { nearest } from './base/nearest.ts';
import { Secrets } from './base/secrets.ts';
import {
  addresses,
  domainName,
  duration,
  flag,
  hold,
  integer,
  ip,
  oneOf,
  path,
  prefix,
  prefixes,
  type SocketAddress,
  size,
  socketAddress,
  text,
  timeout,
  ttl,
} from './config-values.ts';
import { SOURCES, withEngineOfEnvironment } from './sources/index.ts';
import { JsonError, type Path, parseJson, pathText, positionOf } from './sources/json.ts';
import { addressOctets } from './wire/rr.ts';

/** Something wrong in the settings: `place: expected X, got Y`, after the file's name, line and column where known. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Cannot use the configuration:\n${problems.join('\n')}`);
    this.problems = problems;
  }
}

/** What every entry of `sources` may say, whatever its kind. */
const everySource = {
  required: flag.prefault(true).describe('Nothing is denied before it has told what it knows, in this run or before'),
  guard: flag
    .optional()
    .describe('Whether sudden losses are held back (see guard); true for mesos and marathon when absent, else false'),
};

/** Shapes of the entries of `sources`; each is an object with its own `kind`. */
const KINDS = SOURCES.map(({ configuration }) =>
  (configuration as z.ZodObject).safeExtend(everySource),
) as unknown as readonly [(typeof SOURCES)[number]['configuration']];

const mesos = z
  .strictObject({
    domain: domainName.prefault('mesos').describe('The zone of the task names'),
    ttl: ttl('60s').prefault('60s').describe('TTL of its records'),
    ipSources: z
      .array(oneOf(['host', 'docker', 'mesos', 'netinfo']), { error: 'a list of address origins' })
      .min(1, { error: 'at least one address origin' })
      .refine((list) => new Set(list).size === list.length, { error: 'each address origin once' })
      .prefault(['netinfo', 'mesos', 'host'])
      .describe("Where a task's addresses come from: the first of these that has one"),
    enforceRfc952: flag.prefault(false).describe('Labels of at most 24 characters that begin with a letter'),
    srvWeight: integer(0, 65535).prefault(1).describe('Weight of every SRV record'),
    selfAddresses: addresses
      .optional()
      .describe('Addresses of this server, which soa.mname gets; those it listens at when absent'),
    soa: z
      .strictObject({
        mname: domainName.prefault('ns1.mesos').describe('The name server of the zone'),
        rname: domainName.prefault('root.ns1.mesos').describe('The mailbox of the zone, its @ written as a dot'),
        refresh: ttl('60s').prefault('60s'),
        retry: ttl('10m').prefault('10m'),
        expire: ttl('1d').prefault('1d'),
        minimum: ttl('60s').prefault('60s').describe('TTL of negative answers'),
      })
      .transform(({ refresh, retry, expire, minimum, ...names }) => ({
        ...names,
        refreshSeconds: refresh,
        retrySeconds: retry,
        expireSeconds: expire,
        minimumSeconds: minimum,
      }))
      .prefault({}),
  })
  .transform(({ ttl, ...rest }) => ({ ...rest, ttlSeconds: ttl }));

const dcos = z
  .strictObject({
    enabled: flag.prefault(true).describe('Serve the zones under thisdcos.directory'),
    ttl: ttl('5s').prefault('5s'),
    vip: z
      .strictObject({
        min: ip(4, '11.0.0.0').prefault('11.0.0.0').describe('First IPv4 address for named VIPs'),
        max: ip(4, '11.255.255.255').prefault('11.255.255.255').describe('The address after the last one'),
        min6: ip(6, 'fd01:c::').prefault('fd01:c::').describe('First IPv6 address for named VIPs'),
        max6: ip(6, 'fd01:c::ffff:ffff:ffff:ffff').prefault('fd01:c::ffff:ffff:ffff:ffff'),
        legacyOffset: z
          .literal([0, 1], { error: '0 or 1' })
          .prefault(0)
          .describe('1: the addresses that DC/OS gave before August 2018'),
        ipv6: flag.prefault(true).describe('Whether IPv6 backends count'),
      })
      .refine(({ min, max }) => addressOctets(min)! < addressOctets(max)!, {
        path: ['max'],
        error: 'an address above min',
      })
      .refine(({ min6, max6 }) => addressOctets(min6)! < addressOctets(max6)!, {
        path: ['max6'],
        error: 'an address above min6',
      })
      .prefault({}),
    clusterId: z
      .string({ error: 'a cluster id in z-base-32' })
      .regex(/^[ybndrfg8ejkmcpqxot1uwisza345h769]{1,63}$/, { error: 'a cluster id in z-base-32' })
      .optional()
      .describe('Names under <clusterId>.dcos.directory are answered like those under thisdcos.directory'),
    thisNode: z
      .strictObject({ private: addresses.prefault([]), public: addresses.prefault([]) })
      .optional()
      .describe('Addresses of this machine, for thisnode.thisdcos.directory; no such name when absent'),
    aliases: z
      .record(domainName, z.record(domainName, domainName))
      .prefault({})
      .describe('More zones <key>.thisdcos.directory, each with aliases: name in the zone, target name'),
  })
  .transform(({ ttl, ...rest }) => ({ ...rest, ttlSeconds: ttl }));

/** Of both zones of containers; `domain` is each one's own. */
const containerNames = (domain: string) => ({
  domain: domainName.prefault(domain).describe('Its zone; there when a source of the kind is'),
  ttl: ttl('5s').prefault('5s').describe('TTL of its records'),
  negativeTtl: ttl('1s').prefault('1s').describe('TTL of negative answers'),
  labelPrefix: z
    .string({ error: 'the beginning of labels' })
    .regex(/^[A-Za-z0-9._-]+$/, { error: 'the beginning of labels' })
    .prefault('portolan')
    .describe('Labels that begin with this and a dot are for us: <prefix>.name, .alias, .ttl, .weight, .port.80.name'),
  exposedByDefault: flag.prefault(true).describe('false: only what has the label <prefix>.enable=true has names'),
  registrator: flag.prefault(true).describe('Read SERVICE_NAME, SERVICE_80_NAME, ... as registrator does, too'),
});

const docker = z
  .strictObject({
    ...containerNames('docker'),
    fromHost: oneOf(['container', 'published'])
      .prefault('container')
      .describe("What clients on the host itself get: the containers' own addresses, or where they are published"),
    fixedViews: z
      .array(oneOf(['inside', 'host']), { error: 'a list of views' })
      .prefault([])
      .describe('More names that answer all clients alike: web.inside.docker, web.host.docker'),
  })
  .transform(({ ttl, negativeTtl, ...rest }) => ({ ...rest, ttlSeconds: ttl, negativeTtlSeconds: negativeTtl }));

const swarm = z
  .strictObject({
    ...containerNames('swarm'),
    ingress: oneOf(['ready', 'task'])
      .prefault('ready')
      .describe('Nodes that are told to take published ports: all that are ready, or those with a task'),
  })
  .transform(({ ttl, negativeTtl, ...rest }) => ({ ...rest, ttlSeconds: ttl, negativeTtlSeconds: negativeTtl }));

const VIEW = '"outside", "host" or the name of a network';

const views = z.strictObject({
  clients: z
    .record(prefix, z.string({ error: VIEW }).min(1, { error: VIEW }), { error: 'an object of prefixes' })
    .prefault({})
    .describe('Where clients stand, by prefix of their addresses; overrules what the sources know'),
});

const reverse = z
  .strictObject({
    prefixes: prefixes.prefault([]).describe('Addresses in these get PTR records'),
    ttl: ttl('60s').prefault('60s'),
  })
  .transform(({ prefixes, ttl }) => ({ prefixes, ttlSeconds: ttl }));

const answers = z
  .strictObject({
    maxUdpSize: integer(512, 4096)
      .prefault(1232)
      .describe('Octets of the largest UDP answer to a client that offers EDNS'),
    order: oneOf(['rotate', 'random', 'sorted']).prefault('rotate').describe('Order of the records of a set'),
    stableFor: prefixes.prefault([]).describe('Clients in these get every set in the same order each time'),
    cacheSize: size('32MiB').prefault('32MiB').describe('Memory for ready answers, each worker'),
  })
  .transform(({ cacheSize, ...rest }) => ({ ...rest, cacheOctets: cacheSize }));

const tcp = z
  .strictObject({
    idle: timeout('10s').prefault('10s').describe('A connection without a query is closed after this'),
    messageDeadline: timeout('5s').prefault('5s').describe('A query must be complete this long after its first octet'),
    maxConnections: integer(1, 100_000).prefault(1000),
    maxConnectionsPerClient: integer(1, 100_000).prefault(100),
    maxQueued: size('1MiB').prefault('1MiB').describe('Answers that wait on a connection before reading from it stops'),
  })
  .transform(({ idle, messageDeadline, maxQueued, ...rest }) => ({
    ...rest,
    idleMs: idle,
    messageDeadlineMs: messageDeadline,
    maxQueuedOctets: maxQueued,
  }));

const identity = z.strictObject({
  version: text.optional().describe('Answer to version.bind and version.server; refused when absent'),
  hostname: text.optional().describe('Answer to hostname.bind and id.server; refused when absent'),
  nsid: text
    .optional()
    .describe('Name server identifier (RFC 5001); the name of this machine when absent, none when ""'),
});

const SHARE = 'a number above 0 and up to 1';

const guard = z
  .strictObject({
    share: z
      .number({ error: SHARE })
      .gt(0, { error: SHARE })
      .max(1, { error: SHARE })
      .prefault(0.5)
      .describe('A source that tells of this much less than before, in tasks or in agents, is not taken at its word'),
    hold: timeout('5m').prefault('5m').describe('Until what it does not tell of any more goes all the same'),
  })
  .transform(({ share, hold }) => ({ share, holdMs: hold }));

const health = z
  .strictObject({
    hold: hold('10s').prefault('10s').describe('How long a task must be ill, or well again, until that counts'),
    drain: hold('0s').prefault('0s').describe('How long a task that is to be killed keeps its names'),
  })
  .transform(({ hold, drain }) => ({ holdMs: hold, drainMs: drain }));

const state = z
  .strictObject({
    folder: path
      .optional()
      .describe('Folder for what outlives a restart: addresses of VIPs, last good states of sources; none when absent'),
    maxAge: duration('7d').prefault('7d').describe('Older states of sources are not used after a restart'),
  })
  .transform(({ folder, maxAge }) => ({ folder, maxAgeMs: maxAge }));

const WORKERS = '"auto" or a whole number from 1 to 256';

/** An entry of `sources`: of one of the kinds in the list of `sources/index.ts`. */
const source = z.discriminatedUnion('kind', KINDS, {
  error: `a source whose kind is one of ${SOURCES.map(({ kind }) => JSON.stringify(kind)).join(', ')}`,
});

const schema = z.strictObject({
  $schema: z.string().optional().describe('For editors'),
  listen: z
    .array(socketAddress, { error: 'a list of addresses and ports' })
    .prefault(['127.0.0.1:53'])
    .describe('UDP and TCP addresses to answer at'),
  workers: z
    .union([z.literal('auto'), z.int().min(1, { error: WORKERS }).max(256, { error: WORKERS })], { error: WORKERS })
    .prefault('auto')
    .describe('Threads that answer; auto: one a processor'),
  zones: path.optional().describe('Folder of static zones: its *.zone files, watched'),
  mode: oneOf(['default', 'exact'])
    .prefault('default')
    .describe('exact: the record sets of Mesos-DNS and dcos-net, quirks included; default: the same with our repairs'),
  sources: z.array(source, { error: 'a list of sources' }).prefault([]).describe('Where the tasks are known from'),
  mesos: mesos.prefault({}),
  dcos: dcos.prefault({}),
  docker: docker.prefault({}),
  swarm: swarm.prefault({}),
  views: views.prefault({}),
  reverse: reverse.prefault({}),
  answers: answers.prefault({}),
  tcp: tcp.prefault({}),
  identity: identity.prefault({}),
  guard: guard.prefault({}),
  health: health.prefault({}),
  state: state.prefault({}),
  log: z.strictObject({ level: oneOf(LOG_LEVELS).prefault('info') }).prefault({}),
});

type Frozen<T> = T extends readonly (infer U)[]
  ? readonly Frozen<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

type Output = z.output<typeof schema>;
type Input = z.input<typeof schema>;

/** The settings as the program uses them, frozen: paths absolute, units in the names, defaults filled in. */
export type Config = Frozen<Omit<Output, '$schema' | 'mesos' | 'docker' | 'swarm' | 'sources'>> & {
  readonly mesos: Frozen<Output['mesos'] & { selfAddresses: string[] }>;
  /** Absent when no source tells of containers; the same for `swarm`. */
  readonly docker: Frozen<Output['docker']> | undefined;
  readonly swarm: Frozen<Output['swarm']> | undefined;
  /** Each as the kind of source that it names wants it. */
  readonly sources: readonly (Output['sources'][number] & {
    readonly required: boolean;
    readonly guard?: boolean | undefined;
  })[];
  /** What the environment variables hold that the sources name. */
  readonly secrets: Secrets;
};

/** The settings as they are written. */
export type ConfigInput = Omit<Input, 'sources'> & {
  readonly sources?: (NonNullable<Input['sources']>[number] & {
    readonly required?: boolean;
    readonly guard?: boolean;
  })[];
};

/** The JSON Schema of the file, for editors. */
export function configJsonSchema(): object {
  return { title: 'Portolan configuration', ...z.toJSONSchema(schema, { io: 'input' }) };
}

/** Settings from one place, to be laid over those of the places before it. */
export interface ConfigLayer {
  readonly input: unknown;
  /** Where a value of it stands: `portolan.json:3:5`, or the flag that gave it. */
  place(path: Path): string;
  /** Secrets that it holds itself, by a name that its input gives instead of an environment variable's. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads a configuration file. Relative paths in it mean files beside it.
 * @throws ConfigError when it cannot be read or is no JSON with comments
 */
export function readConfigFile(file: string): ConfigLayer {
  const { value, place } = readDocument(file);
  return { input: withAbsolutePaths(value, dirname(resolve(file))), place };
}

/** A file of settings: what it says, and where it says what. */
export interface SettingsDocument {
  readonly value: unknown;
  /** `file:line:column` of the value at a path; where there is none, of the last value on the way. */
  place(path: Path): string;
}

/**
 * Reads a file of JSON with comments.
 * @throws ConfigError
 */
export function readDocument(file: string): SettingsDocument {
  let text: string;
  try {
    text = blankComments(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError([`${file}: cannot be read: ${(cause as Error).message}`]);
  }
  try {
    const value = parseJson(text);
    return {
      value,
      place(path) {
        const { line, column } = positionOf(text, path);
        return `${file}:${line}:${column}`;
      },
    };
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new ConfigError([`${file}:${cause.position.line}:${cause.position.column}: ${cause.reason}`]);
  }
}

/**
 * Lays the layers over each other (later ones win, key by key; lists are replaced whole) and checks the result.
 * @param environment holds the secrets, and where the Docker Engine is (DOCKER_HOST) when the settings do not say
 * @returns the frozen settings
 * @throws ConfigError with every problem
 */
export function buildConfig(
  layers: readonly ConfigLayer[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const input = withEngines(
    layers.reduce<unknown>((below, layer) => merge(below, layer.input), {}),
    environment,
  );
  const result = schema.safeParse(input, { error: expectation });
  const found = result.success ? [] : result.error.issues.flatMap((issue) => describe(issue, input));
  const secrets = new Map<string, string>();
  for (const { path, variable } of variablesOf(valueAt(input, ['sources']), ['sources'])) {
    const value = layers.findLast((layer) => layer.secrets?.[variable] !== undefined)?.secrets?.[variable];
    const secret = value ?? environment[variable];
    if (secret) secrets.set(variable, secret);
    else found.push({ path, text: `${pathText(path)}: expected an environment variable that is set, got ${variable}` });
  }
  if (result.success && found.length === 0) {
    const { $schema, mesos, docker, swarm, ...config } = result.data;
    const isAsked = (kind: string): boolean => config.sources.some((source) => source.kind === kind);
    return freeze({
      ...config,
      sources: config.sources as unknown as Config['sources'],
      mesos: { ...mesos, selfAddresses: mesos.selfAddresses ?? ownAddresses(config.listen) },
      docker: isAsked('docker') ? docker : undefined,
      swarm: isAsked('swarm') ? swarm : undefined,
      secrets: new Secrets(secrets),
    });
  }
  const problems = found.map(({ path, text }) => {
    const layer = layers.findLast((candidate) => valueAt(candidate.input, path.slice(0, 1)) !== undefined);
    return layer ? `${layer.place(path)}: ${text}` : text;
  });
  throw new ConfigError(problems);
}

/** The same settings, sources that ask an engine and name none with the one of the environment. */
function withEngines(input: unknown, environment: Readonly<Record<string, string | undefined>>): unknown {
  if (!isRecord(input) || !Array.isArray(input.sources)) return input;
  return { ...input, sources: input.sources.map((source) => withEngineOfEnvironment(source, environment)) };
}

/** The settings of sources whose names end in `Env`: each holds the name of an environment variable. */
function* variablesOf(value: unknown, at: Path): Generator<{ path: Path; variable: string }> {
  if (Array.isArray(value)) for (const [i, element] of value.entries()) yield* variablesOf(element, [...at, i]);
  if (!isRecord(value)) return;
  for (const [key, member] of Object.entries(value)) {
    const path = [...at, key];
    if (!/[a-z]Env$/.test(key)) yield* variablesOf(member, path);
    else if (typeof member === 'string' && member !== '') yield { path, variable: member };
  }
}

/** What is expected where a check of the shape has no words of its own; for unknown keys, the known ones. */
function expectation(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return Object.keys((issue.inst as z.ZodObject).shape).join(' ');
    case 'invalid_type':
      return /^[aeiou]/.test(issue.expected) ? `an ${issue.expected}` : `a ${issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? JSON.stringify(issue.values[0])
        : `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    default:
      return 'another value';
  }
}

/** The addresses that we are reached at: those listened at; for all of them, what the machine's interfaces have. */
function ownAddresses(listen: readonly SocketAddress[]): string[] {
  if (!listen.some(({ address }) => address === '0.0.0.0' || address === '::'))
    return [...new Set(listen.map(({ address }) => address))];
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address);
}

/** What an issue says, in our words: one text for each place that it is about. */
function describe(issue: z.core.$ZodIssue, input: unknown): { path: Path; text: string }[] {
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(' ');
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const near = nearest(key, known);
      const cure = near === undefined ? `the keys here are ${known.join(', ')}` : `did you mean "${near}"?`;
      return { path, text: `${pathText(path)}: unknown key; ${cure}` };
    });
  }
  const value = valueAt(input, issue.path);
  const got = value === undefined ? 'nothing' : withoutPasswords(JSON.stringify(value));
  return [
    { path: issue.path, text: `${pathText(issue.path) || 'configuration'}: expected ${issue.message}, got ${got}` },
  ];
}

/** The text without what stands between `://` and `@` in its URLs. */
function withoutPasswords(text: string): string {
  return text.replace(/:\/\/[^/@"]*@/g, '://...@');
}

function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merge(below: unknown, above: unknown): unknown {
  if (!isRecord(below) || !isRecord(above)) return above;
  const merged = { ...below };
  for (const [key, value] of Object.entries(above)) merged[key] = key in below ? merge(below[key], value) : value;
  return merged;
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Record<PropertyKey, unknown> | undefined | null)?.[step],
    input,
  );
}

/** The same settings with their paths made absolute; what has a wrong shape stays, for the check to complain about. */
function withAbsolutePaths(input: unknown, folder: string): unknown {
  if (!isRecord(input)) return input;
  const absolute = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(absolute);
    return typeof value === 'string' && value !== '' ? resolve(folder, value) : value;
  };
  const within = (value: unknown, isPath: (key: string) => boolean): unknown => {
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, isPath(key) ? absolute(member) : within(member, isPath)]),
    );
  };
  const settings: Record<PropertyKey, unknown> = { ...input };
  if ('zones' in settings) settings.zones = absolute(settings.zones);
  if ('state' in settings) settings.state = within(settings.state, (key) => key === 'folder');
  if (Array.isArray(settings.sources))
    settings.sources = settings.sources.map((source) => within(source, isSourcePath));
  return settings;
}

/** Settings of sources that are paths: `path`, `caFile`. */
function isSourcePath(key: string): boolean {
  return key === 'path' || /[a-z]File$/.test(key);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const member of Object.values(Object.freeze(value))) freeze(member);
  return value;
}
