// `portolan check`: every problem of configuration, zones and states in one run, and the exit status.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { portolan } from '../live/portolan.ts';

const ZONES = join(import.meta.dirname, '..', '..', 'zones');
const folder = mkdtempSync(join(tmpdir(), 'check-'));
beforeAll(() => mkdirSync(join(folder, 'zones')));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const SOA = '@ 60 SOA ns.example.org. root.example.org. 1 60 60 60 60\n@ 60 NS ns.example.net.\n';

describe('check', () => {
  it('finds nothing wrong with the demo', async () => {
    const { status, stdout } = await portolan('check', '--config', join(ZONES, 'demo.json'));
    expect(stdout).toBe('0 errors, 0 warnings, 0 notes\n');
    expect(status).toBe(0);
  });

  it('prints each problem of a configuration with its line and column', async () => {
    const path = file('portolan.json', '{\n  "workers": "many",\n  "lisen": []\n}\n');
    const { status, stdout } = await portolan('check', '--config', path);
    expect(status).toBe(1);
    expect(stdout).toContain(
      `${path}:2:14: error: workers: expected "auto" or a whole number from 1 to 256, got "many"\n`,
    );
    expect(stdout).toContain(`${path}:3:12: error: lisen: unknown key; did you mean "listen"?\n`);
    expect(stdout).toMatch(/\n2 errors, 0 warnings, 0 notes\n$/);
  });

  it('names the flag that is wrong', async () => {
    const { status, stdout } = await portolan('check', '--mode', 'strict');
    expect(status).toBe(1);
    expect(stdout).toContain('--mode: error: mode: expected one of "default", "exact", got "strict"');
  });

  it('prints the mistakes of zone files, and two files of one zone', async () => {
    file('zones/one.zone', `$ORIGIN example.org.\n${SOA}www 60 A 192.0.2.300\n`);
    file('zones/two.zone', `$ORIGIN example.net.\n${SOA}`);
    file('zones/three.zone', `$ORIGIN example.net.\n${SOA}`);
    const { status, stdout } = await portolan('check', '--zones', join(folder, 'zones'));
    expect(status).toBe(1);
    expect(stdout).toMatch(/one\.zone:4:10: error: .*192\.0\.2\.300/);
    expect(stdout).toMatch(/(two|three)\.zone: error: the zone example\.net\. is in .*(two|three)\.zone already/);
  });

  it('prints what a state has that cannot be used, as a warning', async () => {
    const state = {
      leader: 'master@192.0.2.1:5050',
      slaves: [{ id: 'S1', pid: 'slave(1)@192.0.2.2:5051', hostname: '192.0.2.2' }],
      frameworks: [
        {
          id: 'F1',
          name: 'marathon',
          hostname: '192.0.2.1',
          tasks: [{ id: 'a.1', name: 'a', slave_id: 'S9', state: 'TASK_RUNNING', statuses: [] }],
        },
      ],
    };
    const { status, stdout } = await portolan('check', '--state', file('state.json', JSON.stringify(state)));
    expect(status).toBe(0);
    expect(stdout).toMatch(/state\.json.*: warning: .*S9.*\n0 errors, 1 warning, 0 notes\n$/);
  });

  it('fails for a state that is not there', async () => {
    const { status, stdout } = await portolan('check', '--state', join(folder, 'none.json'));
    expect(status).toBe(1);
    expect(stdout).toMatch(/none\.json: error: /);
  });

  it('notes what of a Mesos-DNS configuration is not honoured', async () => {
    const path = file('mesos-dns.json', '{ "resolvers": ["192.0.2.9"], "HttpOn": false }');
    const { status, stdout } = await portolan('check', '--mesos-dns-config', path);
    expect(status).toBe(0);
    expect(stdout).toContain(`${path}: note: resolvers: of no effect: this version does not forward`);
  });
});

describe('check of sizes', () => {
  it('names a set that no message can hold', async () => {
    const records = Array.from({ length: 3_000 }, (_, i) => `_big._tcp 60 SRV 0 1 ${i} target-${i}`).join('\n');
    mkdirSync(join(folder, 'large'));
    const path = file('large/example.org.zone', `$ORIGIN example.org.\n${SOA}ns 60 A 192.0.2.1\n${records}\n`);
    const { status, stdout } = await portolan('check', '--zones', join(folder, 'large'));
    expect(stdout).toContain(`${path}:1:1: warning: _big._tcp.example.org. SRV: 3000 records are about `);
    expect(status).toBe(0);
  });
});
