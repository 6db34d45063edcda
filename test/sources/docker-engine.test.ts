// The client of the Engine API: where an engine is, which version is spoken, what is asked and what a failure says
// (docker-swarm.md 1, 6).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../src/sources/docker-engine.ts';
import { DockerEngine, parseEngineHost } from '../../src/sources/docker-engine.ts';
import { withEngineOfEnvironment } from '../../src/sources/docker-settings.ts';
import type { Certificates } from '../stand-ins/certificates.ts';
import { makeCertificates } from '../stand-ins/certificates.ts';
import type { StandInOptions } from '../stand-ins/docker-engine.ts';
import { DockerEngineStandIn } from '../stand-ins/docker-engine.ts';
import { load, recorded } from '../stand-ins/docker-scenario.ts';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

const { signal } = new AbortController();
const HTTP = { connectTimeout: 2_000, timeout: 5_000, maxBody: 1024 * 1024 };

async function standIn(options: StandInOptions = {}): Promise<DockerEngineStandIn> {
  const made = await DockerEngineStandIn.start(options);
  ending.push(() => made.down());
  return made;
}

function client(host: string, some: Partial<EngineOptions> = {}): DockerEngine {
  const made = new DockerEngine({ host, http: HTTP, now: () => 0, ...some });
  ending.push(() => made.close());
  return made;
}

describe('where an engine is (DOCKER_HOST)', () => {
  it.each([
    ['unix:///var/run/docker.sock', false, 'http://localhost', '/var/run/docker.sock'],
    ['tcp://192.0.2.1:2375', false, 'http://192.0.2.1:2375', undefined],
    ['tcp://192.0.2.1', false, 'http://192.0.2.1:2375', undefined],
    ['tcp://192.0.2.1', true, 'https://192.0.2.1:2376', undefined],
    ['tcp://[2001:db8::1]:4243', false, 'http://[2001:db8::1]:4243', undefined],
    ['tcp://[2001:db8::1]', true, 'https://[2001:db8::1]:2376', undefined],
    ['https://engine.example.org:8443', false, 'https://engine.example.org:8443', undefined],
  ] as const)('%s, TLS %s', (text, isTls, origin, socketPath) => {
    expect(parseEngineHost(text, isTls)).toMatchObject({ origin, ...(socketPath && { socketPath }) });
  });

  it.each(['', 'unix://relative.sock', 'ssh://me@example.org', 'npipe:////./pipe/docker', 'tcp://', '192.0.2.1:2375'])(
    'refuses %j',
    (text) => {
      expect(parseEngineHost(text, false)).toBeUndefined();
    },
  );

  it('comes from the environment when the settings name none', () => {
    const environment = {
      DOCKER_HOST: 'tcp://192.0.2.1:2376',
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: '/etc/docker',
    };
    const tls = {
      caFile: '/etc/docker/ca.pem',
      certFile: '/etc/docker/cert.pem',
      keyFile: '/etc/docker/key.pem',
    };
    expect(withEngineOfEnvironment({ kind: 'docker' }, environment)).toEqual({
      kind: 'docker',
      host: 'tcp://192.0.2.1:2376',
      tls,
    });
    expect(withEngineOfEnvironment({ kind: 'swarm' }, environment)).toMatchObject({ hosts: ['tcp://192.0.2.1:2376'] });
    const named = { kind: 'docker', host: 'unix:///run/podman.sock' };
    expect(withEngineOfEnvironment(named, environment)).toBe(named);
    expect(withEngineOfEnvironment({ kind: 'file' }, environment)).toEqual({ kind: 'file' });
    expect(withEngineOfEnvironment({ kind: 'docker' }, { DOCKER_HOST: '' })).toEqual({ kind: 'docker' });
    expect(withEngineOfEnvironment({ kind: 'docker' }, { ...environment, DOCKER_TLS_VERIFY: '' })).not.toHaveProperty(
      'tls',
    );
  });
});

describe('the API version', () => {
  it('is the highest that both know, told by a ping', async () => {
    const engine = await standIn();
    const asked = client(engine.host);
    await asked.negotiate(signal);
    await asked.info(signal);
    expect(engine.urls).toEqual(['/_ping', '/v1.41/info']);
  });

  it('is ours when the engine knows newer ones, as long as it still takes ours', async () => {
    const engine = await standIn();
    engine.apiVersion = '1.99';
    engine.minApiVersion = '1.44';
    const asked = client(engine.host);
    await asked.negotiate(signal);
    await asked.info(signal);
    expect(engine.urls).toEqual(['/_ping', '/version', '/v1.52/info']);
  });

  it('of a future engine that begins above ours is refused with both numbers', async () => {
    const engine = await standIn();
    engine.apiVersion = '1.99';
    engine.minApiVersion = '1.60';
    await expect(client(engine.host).negotiate(signal)).rejects.toThrow('its API begins at 1.60, ours ends at 1.52');
  });

  it('of an ancient engine is refused', async () => {
    const engine = await standIn();
    engine.apiVersion = '1.18';
    await expect(client(engine.host).negotiate(signal)).rejects.toThrow('its API 1.18 is older than 1.24');
  });

  it('is asked of /version where a proxy lets no ping pass', async () => {
    const engine = await standIn();
    engine.faults.set('/_ping', 403);
    const asked = client(engine.host);
    await asked.negotiate(signal);
    await asked.info(signal);
    expect(engine.urls).toEqual(['/_ping', '/version', '/v1.41/info']);
  });
});

describe('what is asked', () => {
  it('is eleven GET paths', async () => {
    const engine = await standIn();
    load(engine, ['web']);
    engine.apiVersion = '1.99';
    engine.info = recorded('info-manager');
    engine.nodes = recorded('nodes');
    const asked = client(engine.host);
    await asked.negotiate(signal);
    await asked.info(signal);
    const [{ Id } = {}] = await asked.containers(signal);
    expect(await asked.container(String(Id), signal)).toMatchObject({ Name: '/web' });
    expect(await asked.networks(signal)).toHaveLength(12);
    await asked.network('bridge', true, signal);
    await asked.services(signal);
    await asked.tasks(signal);
    expect(await asked.nodes(signal)).toHaveLength(2);
    await asked.events({ type: ['container'] }, signal);
    const paths = new Set(
      engine.requests.map((request) => request.replace(String(Id), '{id}').replace('bridge', '{id}')),
    );
    expect([...paths].sort()).toEqual(
      [
        'GET /_ping',
        'GET /version',
        'GET /info',
        'GET /events',
        'GET /containers/json',
        'GET /containers/{id}/json',
        'GET /networks',
        'GET /networks/{id}',
        'GET /services',
        'GET /tasks',
        'GET /nodes',
      ].sort(),
    );
  });

  it('a container that is gone is nothing', async () => {
    const engine = await standIn();
    expect(await client(engine.host).container('nosuch', signal)).toBeUndefined();
  });
});

describe('a failure says what was tried, where, and the cure', () => {
  it.each([
    [403, 'status 403, the user may not read this; let the socket proxy pass GET /info'],
    [500, 'status 500'],
    [503, 'status 503 (its node is no manager of a swarm, or the swarm has no leader)'],
  ])('status %i', async (status, text) => {
    const engine = await standIn();
    engine.faults.set('/info', status);
    await expect(client(engine.host).info(signal)).rejects.toThrow(
      `Cannot read /info of the engine at ${engine.host}: ${text}`,
    );
  });

  it('a socket that is not there', async () => {
    const host = 'unix:///nonexistent/docker.sock';
    await expect(client(host).info(signal)).rejects.toThrow(
      `Cannot read /info of the engine at ${host}: the file or socket does not exist`,
    );
  });

  it('an engine that does not answer', async () => {
    const engine = await standIn();
    engine.faults.set('/info', 'stall');
    const hasty = client(engine.host, { http: { ...HTTP, timeout: 50 } });
    await expect(hasty.info(signal)).rejects.toThrow('no complete answer within 0.05 s');
  });
});

describe('transports', () => {
  const folder = mkdtempSync(join(tmpdir(), 'engine-'));
  let certificates: Certificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
    rmSync(certificates.folder, { recursive: true });
  });

  it('a Unix socket', async () => {
    const engine = await standIn({ socket: join(folder, 'docker.sock') });
    expect(await client(engine.host).info(signal)).toMatchObject({ Name: 'node-a' });
  });

  it('TLS with a certificate of our own, and not without', async () => {
    const { read, path } = certificates;
    const engine = await standIn({ tls: { cert: read('server.pem'), key: read('server.key'), ca: read('ca.pem') } });
    const tls = { caFile: path('ca.pem'), certFile: path('client.pem'), keyFile: path('client.key'), verify: true };
    expect(await client(engine.host, { tls }).info(signal)).toMatchObject({ Name: 'node-a' });
    await expect(client(engine.host, { tls: { caFile: path('ca.pem'), verify: true } }).info(signal)).rejects.toThrow(
      /Cannot read \/info/,
    );
    const distrusting = { ...tls, caFile: path('other-ca.pem') };
    await expect(client(engine.host, { tls: distrusting }).info(signal)).rejects.toThrow('not trusted');
  });
});
