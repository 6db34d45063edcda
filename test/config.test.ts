// The configuration: defaults, units, one report for all problems, layers, and the JSON Schema for editors.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { blankComments } from '../src/base/jsonc.ts';
import { buildConfig, ConfigError, type ConfigLayer, configJsonSchema, readConfigFile } from '../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const layer = (input: unknown): ConfigLayer => ({ input, place: () => 'test' });
const build = (input: unknown) => buildConfig([layer(input)]);

/** The report's lines. */
function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('defaults', () => {
  it('are those of Mesos-DNS and DC/OS, on loopback', () => {
    const config = build({});
    expect(config.listen).toEqual([{ address: '127.0.0.1', port: 53 }]);
    expect(config.mode).toBe('default');
    expect(config.sources).toEqual([]);
    expect(config.mesos).toMatchObject({ domain: 'mesos', ttlSeconds: 60, ipSources: ['netinfo', 'mesos', 'host'] });
    expect(config.dcos.vip).toMatchObject({ min: '11.0.0.0', max: '11.255.255.255' });
    expect(config.answers).toMatchObject({ maxUdpSize: 1232, cacheOctets: 32 * 2 ** 20 });
    expect(config.tcp).toMatchObject({ idleMs: 10_000 });
  });

  it('stay in every key of a section that is given in part', () => {
    const config = build({ mesos: { soa: { retry: '5m' } } });
    expect(config.mesos.soa).toEqual({ ...build({}).mesos.soa, retrySeconds: 300 });
  });

  it('are what README.md says, which shows every key', () => {
    const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');
    const block = /```jsonc\n([\s\S]*?)```/.exec(readme)![1]!;
    expect(build(JSON.parse(blankComments(block)))).toEqual(build({}));
    const undocumented = keysOf(configJsonSchema()).filter((key) => !block.includes(`"${key}"`) && key !== '$schema');
    expect(undocumented).toEqual([]);
  });
});

/** The names of all properties of a JSON Schema, at any depth. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties = {} } = schema as { properties?: Record<string, unknown> };
  return [
    ...Object.keys(properties),
    ...Object.values(schema).flatMap(keysOf),
    ...Object.values(properties).flatMap(keysOf),
  ];
}

describe('the result', () => {
  it('is frozen in depth', () => {
    const config = build({ listen: ['192.0.2.1:53'] });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.mesos.soa)).toBe(true);
    expect(Object.isFrozen(config.listen[0])).toBe(true);
  });

  it('reads IPv4 and bracketed IPv6 listen addresses', () => {
    expect(build({ listen: ['192.0.2.1:53', '[2001:db8::1]:5300'] }).listen).toEqual([
      { address: '192.0.2.1', port: 53 },
      { address: '2001:db8::1', port: 5300 },
    ]);
  });

  it('takes the addresses that it listens at for its own, unless told', () => {
    expect(build({ listen: ['192.0.2.1:53', '192.0.2.1:54'] }).mesos.selfAddresses).toEqual(['192.0.2.1']);
    expect(build({ mesos: { selfAddresses: ['2001:db8::1'] } }).mesos.selfAddresses).toEqual(['2001:db8::1']);
    expect(build({ listen: ['0.0.0.0:53'] }).mesos.selfAddresses).not.toContain('0.0.0.0');
  });

  it('has durations in the unit that the name says', () => {
    const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
    const anyDuration = fc.record({
      count: fc.integer({ min: 1, max: 20 }),
      unit: fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
    });
    fc.assert(
      fc.property(anyDuration, ({ count, unit }) => {
        expect(build({ tcp: { idle: `${count}${unit}` } }).tcp.idleMs).toBe(count * units[unit]);
      }),
    );
    expect(build({ mesos: { ttl: '2m' } }).mesos.ttlSeconds).toBe(120);
  });
});

describe('a problem', () => {
  it('names the place, what was expected and what was there', () => {
    expect(problemsOf(() => build({ tcp: { idle: 30 } }))).toEqual([
      'test: tcp.idle: expected a duration such as "10s", got 30',
    ]);
  });

  it('of an unknown key names the nearest known one', () => {
    expect(problemsOf(() => build({ lsiten: [], mesos: { soa: { minimun: '1s' } } }))).toEqual([
      'test: mesos.soa.minimun: unknown key; did you mean "minimum"?',
      'test: lsiten: unknown key; did you mean "listen"?',
    ]);
  });

  it('of an unknown key that resembles none lists those that there are', () => {
    expect(problemsOf(() => build({ log: { colours: true } }))).toEqual([
      'test: log.colours: unknown key; the keys here are level',
    ]);
  });

  it('does not hide the others', () => {
    const problems = problemsOf(() =>
      build({
        listen: ['localhost:53', '127.0.0.1:99999'],
        workers: 0,
        mode: 'strict',
        mesos: { domain: 'a..b', ttl: '1.5s', ipSources: ['host', 'host'], srvWeight: 65536 },
        dcos: { vip: { min: '11.0.0.9', max: '11.0.0.1' }, clusterId: 'L' },
        reverse: { prefixes: ['10.0.0.0/33', '010.0.0.0/8'] },
        answers: { maxUdpSize: 100, cacheSize: '32MB' },
        tcp: { idle: '0s' },
        sources: [{ kind: 'nomad' }],
      }),
    );
    expect(problems.map((problem) => /^test: ([^:]+): expected /.exec(problem)?.[1]).sort()).toEqual([
      'answers.cacheSize',
      'answers.maxUdpSize',
      'dcos.clusterId',
      'dcos.vip.max',
      'listen[0]',
      'listen[1]',
      'mesos.domain',
      'mesos.ipSources',
      'mesos.srvWeight',
      'mesos.ttl',
      'mode',
      'reverse.prefixes[0]',
      'reverse.prefixes[1]',
      'sources[0].kind',
      'tcp.idle',
      'workers',
    ]);
  });

  it('in a source names its entry, in the same words', () => {
    const problems = problemsOf(() =>
      build({
        sources: [
          { kind: 'file', path: 'a.json' },
          { kind: 'file', pth: 7 },
        ],
      }),
    );
    expect(problems).toContain('test: sources[1].pth: unknown key; did you mean "path"?');
    expect(problems.some((problem) => /^test: sources\[1\]\.path: expected .+, got nothing$/.test(problem))).toBe(true);
  });

  it('is reported for whatever JSON stands in the file, never thrown as another error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        const problems = problemsOf(() => build(input));
        expect(problems.every((problem) => problem.startsWith('test: '))).toBe(true);
      }),
    );
  });
});

describe('a configuration file', () => {
  it('may have comments, and a comma before a closing bracket', () => {
    const path = file('comments.json', '// one\n{ "workers": 2, /* "workers": 3, */ "zones": "//", }\n');
    const config = buildConfig([readConfigFile(path)]);
    expect(config.workers).toBe(2);
  });

  it('means files beside it', () => {
    const path = file(
      'paths.json',
      '{ "zones": "z", "state": { "folder": "/var/lib/x" }, "sources": [{ "kind": "file", "path": "s.json" }] }',
    );
    const config = buildConfig([readConfigFile(path)]);
    expect(config.zones).toBe(join(folder, 'z'));
    expect(config.state.folder).toBe('/var/lib/x');
    expect(config.sources[0]).toMatchObject({ kind: 'file', path: join(folder, 's.json') });
  });

  it('has line and column in every problem', () => {
    const path = file('places.json', '{\n  // idle: too long\n  "tcp": { "idle": 30 },\n  "workers": "two"\n}\n');
    expect(problemsOf(() => buildConfig([readConfigFile(path)]))).toEqual([
      `${path}:4:14: workers: expected "auto" or a whole number from 1 to 256, got "two"`,
      `${path}:3:20: tcp.idle: expected a duration such as "10s", got 30`,
    ]);
  });

  it('that is no JSON is refused with the place of the fault', () => {
    const path = file('broken.json', '{\n  "workers": 2\n  "zones": "z"\n}\n');
    expect(problemsOf(() => readConfigFile(path))[0]).toContain(`${path}:3:3: `);
  });

  it('that is missing is refused by name', () => {
    expect(problemsOf(() => readConfigFile(join(folder, 'none.json')))[0]).toContain(
      `${join(folder, 'none.json')}: cannot be read`,
    );
  });
});

describe('layers', () => {
  it('lie over each other key by key, lists whole', () => {
    const config = buildConfig([
      layer({ listen: ['192.0.2.1:53', '192.0.2.2:53'], mesos: { domain: 'a', ttl: '1s' } }),
      layer({ listen: ['192.0.2.3:53'], mesos: { ttl: '2s' } }),
    ]);
    expect(config.listen).toEqual([{ address: '192.0.2.3', port: 53 }]);
    expect(config.mesos).toMatchObject({ domain: 'a', ttlSeconds: 2 });
  });

  it('are named by the problem that they brought', () => {
    const problems = problemsOf(() =>
      buildConfig([
        { input: { workers: 'x' }, place: () => 'below' },
        { input: { listen: ['x'] }, place: () => 'above' },
      ]),
    );
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['above', 'below']);
  });
});

describe('secrets', () => {
  const mesos = (more: object) => ({
    sources: [{ kind: 'mesos', masters: ['192.0.2.1:5050'], ...more }],
  });
  const basic = mesos({ auth: { kind: 'basic', principal: 'p', secretEnv: 'MESOS_SECRET' } });
  const layerOf = (input: unknown, secrets?: Record<string, string>): ConfigLayer => ({ ...layer(input), secrets });

  it('come from the environment variables that the sources name, and stand nowhere in the settings', () => {
    const config = buildConfig([layer(basic)], { MESOS_SECRET: 'hush', OTHER: 'x' });
    expect(config.secrets.get('MESOS_SECRET')).toBe('hush');
    expect(() => config.secrets.get('OTHER')).toThrow(RangeError);
    expect(JSON.stringify(config)).not.toContain('hush');
    expect(inspect(config, { depth: 9, showHidden: true })).not.toContain('hush');
  });

  it('of a layer come before the environment', () => {
    const config = buildConfig([layerOf(basic, { MESOS_SECRET: 'own' })], { MESOS_SECRET: 'hush' });
    expect(config.secrets.get('MESOS_SECRET')).toBe('own');
  });

  it.each([{}, { MESOS_SECRET: '' }])('that are not set are a problem, beside all others (%j)', (environment) => {
    expect(problemsOf(() => buildConfig([layer({ ...basic, mode: 'x' })], environment))).toEqual([
      'test: mode: expected one of "default", "exact", got "x"',
      'test: sources[0].auth.secretEnv: expected an environment variable that is set, got MESOS_SECRET',
    ]);
  });

  it('in a URL, where they may not stand, are not printed', () => {
    const problems = problemsOf(() => buildConfig([layer(mesos({ zk: 'zk://u:hush@192.0.2.1:2181/mesos' }))], {}));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^test: sources\[0\]\.zk: expected .*, got "zk:\/\/\.\.\.@192\.0\.2\.1:2181\/mesos"$/);
  });

  it('in files are found beside the configuration', () => {
    const text = JSON.stringify(mesos({ tls: { caFile: 'ca.pem' }, auth: { kind: 'iam', accountFile: '/iam.json' } }));
    const { sources } = buildConfig([readConfigFile(file('tls.json', text))], {});
    expect(sources).toMatchObject([{ tls: { caFile: join(folder, 'ca.pem') }, auth: { accountFile: '/iam.json' } }]);
  });
});

describe('blankComments', () => {
  it('keeps the length and every line, and what is no comment', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('// x, "y"\n', '/* x\n "y" */'), (value, comment) => {
        const json = JSON.stringify(value, null, 1);
        const text = `${comment}${json}${comment}`;
        const blanked = blankComments(text);
        expect(blanked.length).toBe(text.length);
        expect(blanked.split('\n').length).toBe(text.split('\n').length);
        expect(JSON.parse(blanked)).toEqual(JSON.parse(json));
      }),
    );
  });
});

describe('engines', () => {
  const sources = [{ kind: 'docker' }, { kind: 'swarm', poll: '5s' }];

  it('the zones of containers and swarms are there when a source of the kind is', () => {
    expect(build({})).toMatchObject({ docker: undefined, swarm: undefined });
    const { docker, swarm } = buildConfig([{ input: { sources }, place: () => '' }], {});
    expect(docker).toMatchObject({ domain: 'docker', ttlSeconds: 5, negativeTtlSeconds: 1, fromHost: 'container' });
    expect(swarm).toMatchObject({ domain: 'swarm', ingress: 'ready' });
  });

  it('the environment says where the engine is when a source does not (DOCKER_HOST)', () => {
    const config = buildConfig([{ input: { sources }, place: () => '' }], { DOCKER_HOST: 'tcp://192.0.2.1:2375' });
    expect(config.sources).toMatchObject([{ host: 'tcp://192.0.2.1:2375' }, { hosts: ['tcp://192.0.2.1:2375'] }]);
  });

  it('one that is no engine, and a view of no prefix, are refused with their places', () => {
    const input = {
      sources: [{ kind: 'docker', host: 'ssh://example.org' }],
      views: { clients: { '10.0.0.0': 'host' } },
    };
    expect(() => buildConfig([{ input, place: () => 'here' }], {})).toThrow(
      /sources\[0\]\.host: expected an engine such as/,
    );
    expect(() => buildConfig([{ input, place: () => 'here' }], {})).toThrow(/views\.clients/);
  });
});

describe('portolan.schema.json', () => {
  const path = join(import.meta.dirname, '..', 'src', 'portolan.schema.json');
  const text = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
  if (process.env.UPDATE === '1') writeFileSync(path, text);

  it('is the schema that the program checks with (UPDATE=1 rewrites it)', () => {
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(text));
  });
});
