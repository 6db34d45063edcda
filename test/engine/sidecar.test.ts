// The sidecar image, built and run on a real engine from scripts/image as its compose file says: not root, one
// capability, read-only, the socket mounted read-only. Containers that are given its address resolve through it, from the
// default bridge directly and from networks of their own by way of Docker's resolver at 127.0.0.11.
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blankComments } from '../../src/base/jsonc.ts';
import type { ConfigInput } from '../../src/config.ts';
import { type Engine, Lab } from './engine.ts';
import { importBeacon } from './images.ts';
import { PATH } from './namespaces.ts';
import { candidatesOf, type Survey, settled, survey } from './survey.ts';
import { Vantage } from './vantage.ts';

const TOP = join(import.meta.dirname, '..', '..');
const IMAGE = join(TOP, 'scripts', 'image');

let lab: Lab;
let engine: Engine;
let outside: Vantage;

/** The host's address in the default bridge, at which the sample's server listens. */
const RESOLVER = '172.17.0.1';

async function compose(
  project: string,
  files: readonly string[],
  environment: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<string> {
  const flags = ['--project-name', project, ...files.flatMap((file) => ['--file', file])];
  const env = { PATH, HOME: lab.folder, DOCKER_HOST: `unix://${engine.socket}`, ...environment };
  const { stdout } = await promisify(execFile)('docker-compose', [...flags, ...args], { env });
  return stdout;
}

interface Sidecar {
  readonly Id: string;
  readonly State: { readonly Pid: number; readonly Health: { readonly Status: string } };
  readonly HostConfig: { readonly ReadonlyRootfs: boolean; readonly NetworkMode: string };
  readonly Mounts: readonly { readonly Destination: string; readonly RW: boolean }[];
}

async function sidecar(): Promise<Sidecar> {
  const [{ Id }] = (await engine.api(
    'GET',
    '/containers/json?filters={"label":["com.docker.compose.service=portolan"]}',
  )) as [{ Id: string }];
  return (await engine.api('GET', `/containers/${Id}/json`)) as Sidecar;
}

/** What BusyBox's nslookup says in a container. */
async function nslookup(options: readonly string[], ...args: readonly string[]): Promise<string> {
  return engine.docker('run', '--rm', ...options, '--entrypoint', '/bin/nslookup', 'beacon', ...args);
}

beforeAll(async () => {
  lab = await Lab.start();
  engine = lab.engine;
  const env = { ...process.env, PATH, HOME: lab.folder, DOCKER_HOST: `unix://${engine.socket}` };
  await Promise.all([promisify(execFile)(join(IMAGE, 'build'), [], { env }), importBeacon(lab.folder, lab.engines)]);

  // The sample's settings, and the README's demo beside them; the laboratory has no default route to find the host by.
  const sample = JSON.parse(blankComments(readFileSync(join(IMAGE, 'portolan.json'), 'utf8'))) as ConfigInput;
  const demo = JSON.parse(blankComments(readFileSync(join(TOP, 'zones', 'demo.json'), 'utf8'))) as ConfigInput;
  const [docker] = sample.sources!;
  const settings: ConfigInput = {
    ...demo,
    listen: [...sample.listen!, `${engine.ipv4}:53`],
    zones: 'zones',
    sources: [
      { ...docker, hostAddress: [engine.ipv4, engine.ipv6] } as typeof docker,
      { kind: 'file', path: 'zones/demo.state.json' },
    ],
  };
  delete settings.$schema;
  const file = join(lab.folder, 'portolan.json');
  writeFileSync(file, JSON.stringify(settings));
  cpSync(join(TOP, 'zones'), join(lab.folder, 'zones'), { recursive: true });
  const override = join(lab.folder, 'override.json');
  const more = { version: '3.8', services: { portolan: { volumes: [`${lab.folder}/zones:/etc/portolan/zones:ro`] } } };
  writeFileSync(override, JSON.stringify(more));
  const environment = {
    DOCKER_GID: String(statSync(engine.socket).gid),
    DOCKER_SOCKET: engine.socket,
    PORTOLAN_CONFIG: file,
  };
  await compose('names', [join(IMAGE, 'compose.yaml'), override], environment, 'up', '--detach');
  outside = Vantage.onMachine('outside', lab.lan, engine.ipv4);
}, 120_000);

afterAll(async () => {
  await outside?.stop();
  await lab?.stop();
});

describe('the sidecar', () => {
  it('becomes healthy by its own check', async () => {
    const status = async () => (await sidecar()).State.Health.Status;
    const last = await settled(status, (text) => text === 'healthy', 40_000);
    const log = await engine.cli('docker', 'logs', (await sidecar()).Id);
    expect(last, log.stderr).toBe('healthy');
  });

  it('runs as a plain user with the one capability, on a root file system that nobody can write', async () => {
    const { State, HostConfig, Mounts } = await sidecar();
    expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, NetworkMode: 'host' });
    expect(Mounts.map(({ RW }) => RW)).not.toContain(true);
    expect(Mounts.map(({ Destination }) => Destination)).toContain('/var/run/docker.sock');
    const { stdout } = await engine.machine.run('cat', `/proc/${State.Pid}/status`);
    expect(stdout).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    // CAP_NET_BIND_SERVICE is number 10.
    for (const set of ['CapPrm', 'CapEff', 'CapBnd'])
      expect(stdout).toMatch(new RegExp(`^${set}:\t${(1 << 10).toString(16).padStart(16, '0')}$`, 'm'));
    const write = 'require("node:fs").writeFileSync("/app/written", "")';
    const { Id } = await sidecar();
    await expect(engine.docker('exec', Id, '/usr/local/bin/node', '--eval', write)).rejects.toThrow(/EROFS|EACCES/);
  });

  it("answers the README's examples as the demo does", async () => {
    const readme = readFileSync(join(TOP, 'README.md'), 'utf8');
    const examples = [...readme.matchAll(/^\$ dig @127\.0\.0\.1 -p 5300 (.+)\n((?:[^$`\n].*\n)+)/gm)];
    expect(examples.length).toBeGreaterThanOrEqual(3);
    for (const [, words, output] of examples) {
      const { stdout } = await lab.lan.run('dig', `@${engine.ipv4}`, ...words!.split(' '));
      expect(stdout.trim().split('\n').sort(), words).toEqual(output!.trim().split('\n').sort());
    }
  });
});

describe('a compose project', () => {
  let project: string;

  beforeAll(async () => {
    project = join(lab.folder, 'shop.json');
    const api = { image: 'beacon', command: ['api', '80/tcp'], ports: ['80'], dns: RESOLVER };
    const db = { image: 'beacon', command: ['db', '5432/tcp'], expose: ['5432'], dns: RESOLVER };
    writeFileSync(project, JSON.stringify({ version: '3.8', services: { api, db } }));
    await compose('shop', [project], {}, 'up', '--detach', '--scale', 'api=2');
  }, 60_000);

  async function look(
    vantage: Vantage,
    name: string,
    containers: readonly string[],
    port: string,
    expected: string,
  ): Promise<Survey> {
    const places = await Promise.all(containers.map((container) => candidatesOf(engine, container, port)));
    const target = { name, says: ['api', 'db'], candidates: { [port]: places.flat() } };
    // Each container in each family: the one that was started last may still be on its way when compose has ended.
    const complete = expected.length * containers.length;
    const isRight = ({ findings: [found], faults }: Survey) =>
      faults.length === 0 && found!.families === expected && found!.answered.length === complete;
    return settled(() => survey(vantage, target, { [port]: expected }), isRight);
  }

  const REPLICAS = ['shop_api_1', 'shop_api_2'];

  it('is answered by service, by replica and by container to everybody who can reach it', async () => {
    for (const [name, containers] of [
      ['api.shop.docker.', REPLICAS],
      ['1.api.shop.docker.', ['shop_api_1']],
      ['shop-api-2.docker.', ['shop_api_2']],
      ['shop_api_2.docker.', ['shop_api_2']],
    ] as const) {
      const { findings, faults } = await look(outside, name, containers, '80/tcp', '46');
      expect(faults, name).toEqual([]);
      // Each replica has a port of its own in each family.
      expect(findings[0]!.answered, name).toHaveLength(2 * containers.length);
    }
    const { findings, faults } = await look(outside, 'db.shop.docker.', ['shop_db_1'], '5432/tcp', '');
    expect({ faults, findings }).toMatchObject({ faults: [], findings: [{ answered: [] }] });
  });

  it('is answered within its network by the addresses there', async () => {
    const inside = await Vantage.inContainer('inside', engine, 'shop_api_1', RESOLVER);
    const api = await look(inside, 'api.shop.docker.', REPLICAS, '80/tcp', '4');
    const db = await look(inside, 'db.shop.docker.', ['shop_db_1'], '5432/tcp', '4');
    await inside.stop();
    expect([...api.faults, ...db.faults]).toEqual([]);
    const addresses = REPLICAS.concat('shop_db_1').map((container) =>
      engine.docker('inspect', '--format', '{{.NetworkSettings.Networks.shop_default.IPAddress}}', container),
    );
    const [first, second, database] = await Promise.all(addresses);
    expect(api.findings[0]!.answered).toEqual([`${first}:80/tcp`, `${second}:80/tcp`].sort());
    expect(db.findings[0]!.answered).toEqual([`${database}:5432/tcp`]);
  });

  it('resolves through it from its own network by way of 127.0.0.11, SRV included', async () => {
    const options = ['--network', 'shop_default', '--dns', RESOLVER];
    const address = await engine.docker(
      ...['inspect', '--format', '{{.NetworkSettings.Networks.shop_default.IPAddress}}', 'shop_db_1'],
    );
    const host = await nslookup(options, 'db.shop.docker.');
    expect(host).toContain('127.0.0.11');
    expect(host).toContain(`Address: ${address}`);
    expect(await nslookup(options, '-type=srv', '_5432._tcp.db.shop.docker.')).toMatch(
      /service = 0 1 5432 \S+\.docker/,
    );
  });

  it('resolves through it from the default bridge, where the exposed port is not told and the published one is', async () => {
    const options = ['--dns', RESOLVER];
    expect(await nslookup(options, '-type=srv', '_80._tcp.api.shop.docker.')).toMatch(/service = 0 1 \d+ \S+\.docker/);
    expect(await nslookup(options, 'api.shop.docker.')).toContain(`Address: ${engine.ipv4}`);
    const silent = await nslookup(options, '-type=srv', '_5432._tcp.db.shop.docker.').catch((error) => String(error));
    expect(silent).not.toContain('service =');
  });
});
