// A Mesos-DNS configuration, accepted as it is. The keys are those of Mesos-DNS's "Configuration Parameters".
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildConfig, ConfigError } from '../src/config.ts';
import { MESOS_DNS_KEYS, readMesosDnsConfig } from '../src/config-mesos-dns.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesos-dns-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(text: string): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, text);
  return path;
}
const read = (value: unknown) => readMesosDnsConfig(write(JSON.stringify(value)));
const configOf = (value: unknown) => buildConfig([read(value).layer]);

describe('what is honoured', () => {
  it('every key that says what is served and where', () => {
    const config = configOf({
      ttl: 30,
      domain: 'Cluster.Example',
      port: 8053,
      listener: '192.0.2.53',
      IPSources: ['host'],
      SRVRecordDefaultWeight: 7,
      SOAMname: 'ns.example.org.',
      SOARname: 'root@example.org',
      SOARefresh: 1,
      SOARetry: 2,
      SOAExpire: 3,
      EnforceRFC952: true,
    });
    expect(config.listen).toEqual([{ address: '192.0.2.53', port: 8053 }]);
    expect(config.mesos).toEqual({
      domain: 'cluster.example',
      ttlSeconds: 30,
      ipSources: ['host'],
      srvWeight: 7,
      enforceRfc952: true,
      selfAddresses: ['192.0.2.53'],
      soa: {
        mname: 'ns.example.org',
        rname: 'root.example.org',
        refreshSeconds: 1,
        retrySeconds: 2,
        expireSeconds: 3,
        minimumSeconds: 30,
      },
    });
  });

  it('keys in any spelling, the last of two spellings wins', () => {
    expect(configOf({ TTL: 5 }).mesos.ttlSeconds).toBe(5);
    expect(configOf({ ttl: 5, Ttl: 6 }).mesos.ttlSeconds).toBe(6);
  });

  it('absent keys as Mesos-DNS has them: port 53 of every address, TTL 60', () => {
    const config = configOf({ masters: ['192.0.2.1:5050'] });
    expect(config.listen).toEqual([{ address: '0.0.0.0', port: 53 }]);
    expect(config.mesos).toMatchObject({ ttlSeconds: 60, ipSources: ['netinfo', 'mesos', 'host'], srvWeight: 1 });
    expect(config.mesos.soa.minimumSeconds).toBe(60);
  });

  it('SOAMinttl, wherever it stands, and null as absent', () => {
    expect(configOf({ SOAMinttl: 9, ttl: 30 }).mesos.soa.minimumSeconds).toBe(9);
    expect(configOf({ ttl: null }).mesos.ttlSeconds).toBe(60);
  });

  it('masters, in their order', () => {
    expect(read({ masters: ['192.0.2.2:5050', '192.0.2.1:5050'] }).masters).toEqual([
      '192.0.2.2:5050',
      '192.0.2.1:5050',
    ]);
  });

  it('the cluster to follow, by its masters and ZooKeeper', () => {
    const { sources, secrets } = configOf({
      masters: ['192.0.2.2:5050', '192.0.2.1:5050'],
      zk: 'zk://reader:hush@192.0.2.3:2181/mesos',
      refreshSeconds: 30,
      stateTimeoutSeconds: 20,
    });
    expect(sources).toMatchObject([
      {
        kind: 'mesos',
        masters: ['192.0.2.2:5050', '192.0.2.1:5050'],
        zk: 'zk://reader@192.0.2.3:2181/mesos',
        pollEvery: 30_000,
        timeout: 20_000,
        api: 'auto',
      },
    ]);
    expect(secrets.get((sources[0] as { zkPasswordEnv: string }).zkPasswordEnv)).toBe('hush');
  });

  it('no cluster when neither is named, and ZooKeeper alone is enough', () => {
    expect(configOf({}).sources).toEqual([]);
    expect(configOf({ zk: '' }).sources).toEqual([]);
    expect(configOf({ zk: 'zk://192.0.2.3:2181/mesos' }).sources).toMatchObject([
      { kind: 'mesos', masters: [], timeout: 300_000, pollEvery: 60_000 },
    ]);
  });

  it('TLS with what is trusted and shown; the paths are those of the working directory', () => {
    const masters = ['192.0.2.1:5050'];
    expect(configOf({ masters, MesosHTTPSOn: true }).sources).toMatchObject([{ tls: { verify: true } }]);
    const given = { masters, MesosHTTPSOn: true, CACertFile: 'ca.pem', CertFile: '/c.pem', KeyFile: '/k.pem' };
    expect(configOf(given).sources).toMatchObject([
      { tls: { verify: true, caFile: resolve('ca.pem'), certFile: '/c.pem', keyFile: '/k.pem' } },
    ]);
    expect(configOf({ ...given, MesosHTTPSOn: false }).sources[0]).not.toHaveProperty('tls');
  });

  it('credentials, whose secret stands nowhere in the settings', () => {
    const masters = ['192.0.2.1:5050'];
    const mesosCredentials = { principal: 'p', secret: 'hush' };
    const config = configOf({ masters, mesosAuthentication: 'basic', mesosCredentials });
    const { auth } = config.sources[0] as { auth: { kind: string; principal: string; secretEnv: string } };
    expect(auth).toMatchObject({ kind: 'basic', principal: 'p' });
    expect(config.secrets.get(auth.secretEnv)).toBe('hush');
    expect(JSON.stringify(config)).not.toContain('hush');
    expect(configOf({ masters, mesosCredentials }).sources[0]).not.toHaveProperty('auth');
    expect(configOf({ masters, mesosAuthentication: 'iam', IAMConfigFile: '/iam.json' }).sources).toMatchObject([
      { auth: { kind: 'iam', accountFile: '/iam.json' } },
    ]);
  });

  it('an IPv6 listener', () => {
    expect(configOf({ listener: '2001:db8::53' }).listen).toEqual([{ address: '2001:db8::53', port: 53 }]);
  });

  it('DnsOn false: nothing is listened on', () => {
    expect(configOf({ DnsOn: false }).listen).toEqual([]);
  });
});

describe('what is answered with a line', () => {
  /** A value of each key that asks for something. */
  const ASKING: Readonly<Record<string, unknown>> = {
    masters: ['192.0.2.1:5050'],
    zk: 'zk://192.0.2.1:2181/mesos',
    zkDetectionTimeout: 30,
    refreshSeconds: 60,
    stateTimeoutSeconds: 300,
    ttl: 60,
    domain: 'mesos',
    port: 53,
    listener: '0.0.0.0',
    HttpPort: 8123,
    HTTPListener: '0.0.0.0',
    DnsOn: false,
    HttpOn: true,
    ExternalOn: true,
    resolvers: ['192.0.2.9'],
    zoneResolvers: { example: ['192.0.2.9'] },
    timeout: 5,
    IPSources: ['host'],
    SRVRecordDefaultWeight: 1,
    SOAMname: 'ns1.mesos',
    SOARname: 'root.ns1.mesos',
    SOARefresh: 60,
    SOARetry: 600,
    SOAExpire: 86_400,
    SOAMinttl: 60,
    SOASerial: 1,
    RecurseOn: true,
    EnforceRFC952: true,
    SetTruncateBit: false,
    EnumerationOn: true,
    MesosHTTPSOn: true,
    CACertFile: 'ca.pem',
    CertFile: 'c.pem',
    KeyFile: 'k.pem',
    mesosAuthentication: 'basic',
    mesosCredentials: { principal: 'p', secret: 'hush' },
    IAMConfigFile: 'iam.json',
    ReverseDnsOn: true,
    ResolvSubnetFirst: true,
  };
  const HONOURED = [
    'masters',
    'zk',
    'stateTimeoutSeconds',
    'CACertFile',
    'CertFile',
    'KeyFile',
    'mesosAuthentication',
    'mesosCredentials',
    'IAMConfigFile',
    'ttl',
    'domain',
    'port',
    'listener',
    'IPSources',
    'SRVRecordDefaultWeight',
    'SOAMname',
    'SOARname',
    'SOARefresh',
    'SOARetry',
    'SOAExpire',
    'EnforceRFC952',
  ];

  it('every key that is not simply honoured', () => {
    expect([...MESOS_DNS_KEYS].sort()).toEqual(Object.keys(ASKING).sort());
    const noted = read(ASKING).notes.map((note) => note.split(':')[0]);
    expect(noted.sort()).toEqual(MESOS_DNS_KEYS.filter((key) => !HONOURED.includes(key)).sort());
  });

  it('a key that Mesos-DNS does not know either, as the dead ns of its sample', () => {
    expect(read({ ns: 'ns1', ExternalON: false, listner: 'x' }).notes).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^ns: ignored, Mesos-DNS has no such key/),
        'listner: ignored, Mesos-DNS has no such key (is listener meant?)',
      ]),
    );
  });

  it('a password for ZooKeeper, which Mesos-DNS leaves unused', () => {
    const { notes } = read({ zk: 'zk://u:hush@192.0.2.1:2181/mesos' });
    expect(notes).toContain('zk: its user and password are used; Mesos-DNS leaves them out');
  });

  it('never with a secret', () => {
    const { notes } = read({ ...ASKING, zk: 'zk://u:hush@192.0.2.1:2181/mesos' });
    expect(notes.join('\n')).not.toContain('hush');
  });
});

describe('what is refused', () => {
  it('what Mesos-DNS refuses, with place and cure, all at once', () => {
    const path = write(
      '{\n  "ttl": "60",\n  "domain": "a_b",\n  "IPSources": ["host", "moon"],\n  "listener": "localhost"\n}\n',
    );
    let problems: readonly string[] = [];
    try {
      readMesosDnsConfig(path);
    } catch (error) {
      problems = (error as ConfigError).problems;
    }
    expect(problems).toEqual([
      `${path}:2:10: ttl: expected a whole number, got "60"`,
      `${path}:3:13: domain: expected a domain name such as "mesos", without a final dot, got "a_b"`,
      `${path}:5:15: listener: expected one IP address, got "localhost"`,
      `${path}:4:25: IPSources: expected one of "host", "docker", "mesos", "netinfo", got ["host","moon"]`,
    ]);
  });

  it('a text that is no object', () => {
    expect(() => read([1])).toThrow(ConfigError);
  });

  it('keys that need others: half a certificate, credentials without a secret or an account', () => {
    const problems = (value: unknown) => {
      try {
        read(value);
      } catch (error) {
        return (error as ConfigError).problems.map((problem) => problem.replace(/^.*?:\d+:\d+: /, ''));
      }
      return [];
    };
    expect(problems({ CertFile: 'c.pem' })).toEqual([
      'CertFile: expected both CertFile and KeyFile, or neither, got one',
    ]);
    expect(problems({ MesosAuthentication: 'basic', mesosCredentials: { principal: 'p' } })).toEqual([
      'mesosAuthentication: expected principal and secret in mesosCredentials for "basic", got neither or one',
    ]);
    expect(problems({ mesosAuthentication: 'iam' })).toEqual([
      'mesosAuthentication: expected an IAMConfigFile for "iam", got none',
    ]);
    expect(problems({ refreshSeconds: 0 })).toEqual(['refreshSeconds: expected at least 1 second, got 0']);
    expect(problems({ zk: 'zk:/u:hush@x' })).toEqual(['zk: expected a URL such as "zk://192.0.2.1:2181/mesos"']);
  });

  it('wrong credentials without printing them', () => {
    expect(() => read({ mesosCredentials: { principal: 'p', secret: 12_345 } })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('12345') }),
    );
  });
});
