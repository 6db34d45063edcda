// A Mesos-DNS `config.json`, accepted as it is: keys are matched without regard to case, every key that Mesos-DNS knows is
// honoured or answered with a line that says why not, and what it leaves out gets the defaults of Mesos-DNS.
// The keys: https://github.com/m3scluster/mesos-dns, its configuration parameters.
import { resolve } from 'node:path';
import { z } from 'zod';
import { nearest } from './base/nearest.ts';
import { ConfigError, type ConfigInput, type ConfigLayer, readDocument } from './config.ts';
import { parseSocketAddress } from './config-values.ts';

/** What a Mesos-DNS configuration comes to. */
export interface MesosDnsConfig {
  /** To be laid under the other settings. */
  readonly layer: ConfigLayer;
  /** `masters` as configured: `ip:port` in their order, which numbers the names master0, master1, … */
  readonly masters: readonly string[];
  /** How often Mesos-DNS would read the state; its dumps say so. */
  readonly refreshSeconds: number;
  /** A line for each key that is not, or not wholly, honoured: `ExternalOn: …`. */
  readonly notes: readonly string[];
}

/** The settings that are being put together. */
interface Draft {
  readonly mesos: NonNullable<ConfigInput['mesos']> & { soa: Record<string, string> };
  listener: string;
  port: number;
  dnsOn: boolean;
  masters: string[];
  refreshSeconds: number;
  zk: string;
  stateTimeoutSeconds: number;
  isHttps: boolean;
  caFile: string;
  certFile: string;
  keyFile: string;
  authentication: '' | 'basic' | 'iam';
  credentials: { readonly principal?: string | undefined; readonly secret?: string | undefined };
  iamFile: string;
}

/** A key of Mesos-DNS. */
interface Key<T> {
  readonly key: string;
  /** Shape of its value; the message is what follows "expected". */
  readonly shape: z.ZodType<T>;
  /** What Mesos-DNS takes when it is absent; undefined when its absence means nothing. */
  readonly absent?: T;
  /** Puts it into the settings. Keys without it are not honoured, and have a note. */
  readonly take?: (value: T, draft: Draft) => void;
  /** What to say to the value, if anything. */
  readonly note?: (value: T) => string | undefined;
}

/** Checks that a row fits together, then forgets the type of its value so that all rows fit in one list. */
const row = <T>(key: Key<T>): Key<unknown> => key as Key<unknown>;
const always = (text: string) => () => text;

const text = z.string({ error: 'a text' });
const onOff = z.boolean({ error: 'true or false' });
const whole = z.int({ error: 'a whole number' }).min(0, { error: 'a whole number that is not negative' });
const seconds = whole.max(2 ** 31 - 1, { error: 'a number of seconds below 2^31' });
const port = whole.max(65535, { error: 'a port, 0 to 65535' });
/** Times that a timer of the runtime can wait. */
const wait = whole.min(1, { error: 'at least 1 second' }).max(2_147_483, { error: 'at most 24 days in seconds' });
const texts = z.array(text, { error: 'a list of texts' });

const IP_SOURCES = ['host', 'docker', 'mesos', 'netinfo'] as const;
const NO_HTTP = 'of no effect: this version has no HTTP API';
const NO_FORWARDING = 'this version does not forward, names outside its zones are answered REFUSED';

const KEYS: readonly Key<unknown>[] = [
  row({
    key: 'masters',
    shape: z.array(
      text.refine((entry) => parseSocketAddress(entry) !== undefined, {
        error: 'an address and port such as "192.0.2.1:5050"',
      }),
      { error: 'a list of addresses and ports' },
    ),
    take: (masters, draft) => {
      draft.masters = masters;
    },
  }),
  row({
    key: 'zk',
    shape: text.refine((value) => value === '' || /^zk:\/\/[^/]+\/./.test(value), {
      error: 'a URL such as "zk://192.0.2.1:2181/mesos"',
    }),
    take: (value, draft) => {
      draft.zk = value;
    },
    note: (value) => (/@/.test(value) ? 'its user and password are used; Mesos-DNS leaves them out' : undefined),
  }),
  row({
    key: 'zkDetectionTimeout',
    shape: whole,
    note: always('of no effect: without a leader the last state is served on, and looking for one never ends'),
  }),
  row({
    key: 'refreshSeconds',
    shape: wait,
    take: (value, draft) => {
      draft.refreshSeconds = value;
    },
    note: always('for masters without events, and repeated in dumps: a change is otherwise served at once'),
  }),
  row({
    key: 'stateTimeoutSeconds',
    shape: wait,
    take: (value, draft) => {
      draft.stateTimeoutSeconds = value;
    },
  }),
  row({
    key: 'ttl',
    shape: seconds,
    absent: 60,
    take: (ttl, { mesos }) => {
      mesos.ttl = `${ttl}s`;
      mesos.soa.minimum ??= `${ttl}s`;
    },
  }),
  row({
    key: 'domain',
    shape: text.regex(/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/, {
      error: 'a domain name such as "mesos", without a final dot',
    }),
    absent: 'mesos',
    take: (domain, { mesos }) => {
      mesos.domain = domain;
    },
  }),
  row({
    key: 'port',
    shape: port,
    absent: 53,
    take: (value, draft) => {
      draft.port = value;
    },
  }),
  row({
    key: 'listener',
    shape: text.refine((value) => parseSocketAddress(bracketed(value, 0)) !== undefined, { error: 'one IP address' }),
    absent: '0.0.0.0',
    take: (value, draft) => {
      draft.listener = value;
    },
  }),
  row({ key: 'HttpPort', shape: port, note: always(NO_HTTP) }),
  row({ key: 'HTTPListener', shape: text, note: always(NO_HTTP) }),
  row({
    key: 'DnsOn',
    shape: onOff,
    absent: true,
    take: (value, draft) => {
      draft.dnsOn = value;
    },
    note: (value) => (value ? undefined : 'no address is listened on, and this version has nothing else to serve'),
  }),
  row({ key: 'HttpOn', shape: onOff, absent: true, note: (value) => (value ? NO_HTTP : undefined) }),
  row({
    key: 'ExternalOn',
    shape: onOff,
    absent: true,
    note: (value) => (value ? `of no effect: ${NO_FORWARDING}` : undefined),
  }),
  row({ key: 'resolvers', shape: texts, note: always(`of no effect: ${NO_FORWARDING}`) }),
  row({
    key: 'zoneResolvers',
    shape: z.record(text, texts, { error: 'an object of lists' }),
    note: (zones) => (Object.keys(zones).length > 0 ? `of no effect: ${NO_FORWARDING}` : undefined),
  }),
  row({ key: 'timeout', shape: whole, note: always(`of no effect: ${NO_FORWARDING}`) }),
  row({
    key: 'IPSources',
    shape: z
      .array(z.enum(IP_SOURCES, { error: 'one of "host", "docker", "mesos", "netinfo"' }), {
        error: 'a list of address origins',
      })
      .min(1, { error: 'at least one address origin' })
      .refine((list) => new Set(list).size === list.length, { error: 'each address origin once' }),
    absent: ['netinfo', 'mesos', 'host'] as (typeof IP_SOURCES)[number][],
    take: (ipSources, { mesos }) => {
      mesos.ipSources = ipSources;
    },
  }),
  row({
    key: 'SRVRecordDefaultWeight',
    shape: whole.max(65535, { error: 'a weight, 0 to 65535' }),
    absent: 1,
    take: (weight, { mesos }) => {
      mesos.srvWeight = weight;
    },
  }),
  row({
    key: 'SOAMname',
    shape: text,
    absent: 'ns1.mesos',
    take: (mname, { mesos }) => {
      mesos.soa.mname = mname;
    },
  }),
  row({
    key: 'SOARname',
    shape: text,
    absent: 'root.ns1.mesos',
    take: (rname, { mesos }) => {
      mesos.soa.rname = rname.replaceAll('@', '.');
    },
  }),
  row({
    key: 'SOARefresh',
    shape: seconds,
    absent: 60,
    take: (value, { mesos }) => {
      mesos.soa.refresh = `${value}s`;
    },
  }),
  row({
    key: 'SOARetry',
    shape: seconds,
    absent: 600,
    take: (value, { mesos }) => {
      mesos.soa.retry = `${value}s`;
    },
  }),
  row({
    key: 'SOAExpire',
    shape: seconds,
    absent: 86_400,
    take: (value, { mesos }) => {
      mesos.soa.expire = `${value}s`;
    },
  }),
  row({
    key: 'SOAMinttl',
    shape: seconds,
    take: (value, { mesos }) => {
      mesos.soa.minimum = `${value}s`;
    },
    note: always('honoured as the SOA MINIMUM, the TTL of negative answers; Mesos-DNS takes its ttl for that'),
  }),
  row({
    key: 'SOASerial',
    shape: whole,
    note: always('of no effect, as in Mesos-DNS: the serial moves when the content of the zone does'),
  }),
  row({
    key: 'RecurseOn',
    shape: onOff,
    absent: true,
    note: (value) => (value ? 'of no effect: RA is 0, because this version offers no recursion' : undefined),
  }),
  row({
    key: 'EnforceRFC952',
    shape: onOff,
    absent: false,
    take: (value, { mesos }) => {
      mesos.enforceRfc952 = value;
    },
  }),
  row({
    key: 'SetTruncateBit',
    shape: onOff,
    note: (value) => (value ? undefined : 'of no effect: TC is set whenever an answer is incomplete'),
  }),
  row({ key: 'EnumerationOn', shape: onOff, note: (value) => (value ? NO_HTTP : undefined) }),
  row({
    key: 'MesosHTTPSOn',
    shape: onOff,
    take: (value, draft) => {
      draft.isHttps = value;
    },
    note: (value) =>
      value ? "the master's certificate is verified, which Mesos-DNS only does when CACertFile is given" : undefined,
  }),
  row({
    key: 'CACertFile',
    shape: text,
    take: (value, draft) => {
      draft.caFile = value;
    },
  }),
  row({
    key: 'CertFile',
    shape: text,
    take: (value, draft) => {
      draft.certFile = value;
    },
  }),
  row({
    key: 'KeyFile',
    shape: text,
    take: (value, draft) => {
      draft.keyFile = value;
    },
  }),
  row({
    key: 'mesosAuthentication',
    shape: z.enum(['', 'basic', 'iam'], { error: 'one of "", "basic", "iam"' }),
    take: (value, draft) => {
      draft.authentication = value;
    },
  }),
  row({
    key: 'mesosCredentials',
    shape: z.object(
      { principal: text.optional(), secret: text.optional() },
      { error: 'an object with principal and secret' },
    ),
    take: (value, draft) => {
      draft.credentials = value;
    },
  }),
  row({
    key: 'IAMConfigFile',
    shape: text,
    take: (value, draft) => {
      draft.iamFile = value;
    },
  }),
  row({
    key: 'ReverseDnsOn',
    shape: onOff,
    note: (value) =>
      value ? 'of no effect by itself: name the prefixes that shall have PTR records in reverse.prefixes' : undefined,
  }),
  row({
    key: 'ResolvSubnetFirst',
    shape: onOff,
    note: (value) => (value ? 'of no effect: answers do not depend on where the client stands' : undefined),
  }),
];

/** Keys whose values hold secrets: no message shows them. */
const SECRET_KEYS = new Set(['mesosCredentials', 'zk']);

/** The names of all keys of Mesos-DNS, in its spelling. */
export const MESOS_DNS_KEYS: readonly string[] = KEYS.map(({ key }) => key);

/**
 * Reads a Mesos-DNS configuration file.
 * @throws ConfigError with every problem: a value that Mesos-DNS itself would refuse
 */
export function readMesosDnsConfig(file: string): MesosDnsConfig {
  const { value: given, place } = readDocument(file);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new ConfigError([`${place([])}: expected an object, got ${JSON.stringify(given)}`]);

  const problems: string[] = [];
  const notes: string[] = [];
  const draft: Draft = {
    mesos: { soa: {} },
    listener: '0.0.0.0',
    port: 53,
    dnsOn: true,
    masters: [],
    refreshSeconds: 60,
    zk: '',
    stateTimeoutSeconds: 300,
    isHttps: false,
    caFile: '',
    certFile: '',
    keyFile: '',
    authentication: '',
    credentials: {},
    iamFile: '',
  };
  // The last of several spellings of one key wins, as in Mesos-DNS.
  const written = new Map(Object.keys(given).map((name) => [name.toLowerCase(), name]));

  for (const { key, shape, absent, take, note } of KEYS) {
    const name = written.get(key.toLowerCase());
    const raw = name === undefined ? absent : (given as Record<string, unknown>)[name];
    // JSON null leaves the default in place, as in Mesos-DNS.
    const value = raw === null ? absent : raw;
    if (value === undefined) continue;
    const result = shape.safeParse(value);
    if (result.success) {
      take?.(result.data, draft);
      const remark = note?.(result.data);
      if (remark !== undefined) notes.push(`${key}: ${remark}`);
    } else
      for (const issue of result.error.issues) {
        const at = [name ?? key, ...issue.path];
        const got = SECRET_KEYS.has(key) ? '' : `, got ${JSON.stringify(raw)}`;
        problems.push(`${place(at)}: ${key}: expected ${issue.message}${got}`);
      }
  }
  for (const name of Object.keys(given)) {
    if (MESOS_DNS_KEYS.some((key) => key.toLowerCase() === name.toLowerCase())) continue;
    const near = nearest(name, MESOS_DNS_KEYS);
    notes.push(`${name}: ignored, Mesos-DNS has no such key${near === undefined ? '' : ` (is ${near} meant?)`}`);
  }
  problems.push(
    ...contradictions(draft).map(([key, why]) => `${place([written.get(key.toLowerCase())!])}: ${key}: ${why}`),
  );
  if (problems.length > 0) throw new ConfigError(problems);

  const { mesos, listener, dnsOn, masters, refreshSeconds } = draft;
  const { source, secrets } = liveSource(draft);
  const input: ConfigInput = { mesos, listen: dnsOn ? [bracketed(listener, draft.port)] : [], ...source };
  return { layer: { input, place: () => file, secrets }, masters, refreshSeconds, notes };
}

/** What Mesos-DNS refuses although each key alone is right: the key, and what is expected of it. */
function contradictions({ certFile, keyFile, authentication, credentials, iamFile }: Draft): [string, string][] {
  const found: [string, string][] = [];
  if ((certFile === '') !== (keyFile === ''))
    found.push([certFile === '' ? 'KeyFile' : 'CertFile', 'expected both CertFile and KeyFile, or neither, got one']);
  if (authentication === 'basic' && !(credentials.principal && credentials.secret))
    found.push([
      'mesosAuthentication',
      'expected principal and secret in mesosCredentials for "basic", got neither or one',
    ]);
  if (authentication === 'iam' && iamFile === '')
    found.push(['mesosAuthentication', 'expected an IAMConfigFile for "iam", got none']);
  return found;
}

/** Names under which the secrets of the file go, where the settings would name an environment variable. */
const SECRET = 'MESOS_DNS_SECRET';
const ZK_PASSWORD = 'MESOS_DNS_ZK_PASSWORD';

/** The live cluster as a source; none when the file names neither masters nor ZooKeeper. */
function liveSource(draft: Draft): { source: Pick<ConfigInput, 'sources'>; secrets: Record<string, string> } {
  const { masters, zk, isHttps, caFile, certFile, keyFile, authentication, credentials, iamFile } = draft;
  const secrets: Record<string, string> = {};
  if (masters.length === 0 && zk === '') return { source: {}, secrets };
  const source: Extract<NonNullable<ConfigInput['sources']>[number], { kind: 'mesos' }> = {
    kind: 'mesos',
    masters,
    pollEvery: `${draft.refreshSeconds}s`,
    timeout: `${draft.stateTimeoutSeconds}s`,
  };
  if (zk !== '') {
    const [, user, password, rest = ''] = /^zk:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?(.*)$/.exec(zk)!;
    source.zk = user ? `zk://${user}@${rest}` : `zk://${rest}`;
    if (user && password) {
      source.zkPasswordEnv = ZK_PASSWORD;
      secrets[ZK_PASSWORD] = password;
    }
  }
  if (isHttps)
    source.tls = {
      ...(caFile !== '' && { caFile: resolve(caFile) }),
      ...(certFile !== '' && { certFile: resolve(certFile), keyFile: resolve(keyFile) }),
    };
  if (authentication === 'basic') {
    source.auth = { kind: 'basic', principal: credentials.principal!, secretEnv: SECRET };
    secrets[SECRET] = credentials.secret!;
  } else if (authentication === 'iam') source.auth = { kind: 'iam', accountFile: resolve(iamFile) };
  return { source: { sources: [source] }, secrets };
}

/** `address:port`, an IPv6 address in brackets. */
function bracketed(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
