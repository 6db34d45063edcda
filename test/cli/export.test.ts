// `portolan export`: from the command line to an engine and back.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { portolan } from '../live/portolan.ts';
import { DockerEngineStandIn } from '../stand-ins/docker-engine.ts';
import { load } from '../stand-ins/docker-scenario.ts';

const DEMO = join(import.meta.dirname, '..', '..', 'zones', 'demo.state.json');
const folder = mkdtempSync(join(tmpdir(), 'export-'));
const config = join(folder, 'portolan.json');
let engine: DockerEngineStandIn;
beforeAll(async () => {
  engine = await DockerEngineStandIn.start({ socket: join(folder, 'docker.sock') });
  load(engine);
  const source = { kind: 'docker', host: engine.host, hostAddress: ['192.0.2.10'] };
  writeFileSync(config, JSON.stringify({ sources: [source] }));
});
afterAll(async () => {
  await engine.down();
  rmSync(folder, { recursive: true });
});

describe('portolan export', () => {
  it('hosts', async () => {
    const { status, stdout } = await portolan('export', 'hosts', '--config', config);
    expect(status).toBe(0);
    expect(stdout).toContain('172.17.0.16\tdb 34641b06a8f9\n');
  });

  it('env in both styles', async () => {
    const link = await portolan('export', 'env', 'db', '--as', 'database', '--config', config);
    expect(link.stdout).toContain('DATABASE_PORT_3306_TCP_ADDR=172.17.0.16\n');
    const own = await portolan('export', 'env', 'web', '--style', 'marathon', '--outside', '--config', config);
    expect(own.stdout).toContain('PORT0=32772\n');
  });

  it('ports, of any source', async () => {
    const { stdout } = await portolan('export', 'ports', 'multibind', '80', '--config', config);
    expect(stdout.split('\n')).toContain('127.0.0.1:8201');
    const marathon = await portolan('export', 'ports', 'httpi', '--state', DEMO);
    expect(marathon.status).toBe(0);
    expect(marathon.stdout).toMatch(/\/tcp -> [\d.]+:\d+\n/);
  });

  it('says what is wrong, and where', async () => {
    const unknown = await portolan('export', 'ports', 'nosuch', '--config', config);
    expect(unknown).toMatchObject({
      status: 1,
      stderr: 'error: no source knows a task, app or service called nosuch\n',
    });
    const odd = await portolan('export', 'ports', 'db', 'http', '--config', config);
    expect(odd.stderr).toBe('error: port: expected a port such as 5000 or 5000/udp, got http\n');
    const none = await portolan('export', 'hosts');
    expect(none.stderr).toBe('error: expected sources in the configuration, or --state\n');
  });
});
