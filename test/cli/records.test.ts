// `portolan records`: a state in, master files or Mesos-DNS's dump out. BIND's named-checkzone is the judge of the former.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { axfr, readDump, recordedWith } from '../live/mesos-dns-dump.ts';
import { portolan, run } from '../live/portolan.ts';

const DEMO = join(import.meta.dirname, '..', '..', 'zones', 'demo.state.json');
const folder = mkdtempSync(join(tmpdir(), 'records-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('records --format zone', () => {
  it('prints one zone with --zone', async () => {
    const { status, stdout, stderr } = await portolan('records', '--zone', 'Mesos', DEMO);
    expect(status).toBe(0);
    expect(stderr).toBe('');
    expect(stdout.match(/^\$ORIGIN .*$/gm)).toEqual(['$ORIGIN mesos.']);
    expect(stdout.match(/^_httpi\._tcp\.marathon\.mesos\.\s/gm)).toHaveLength(5);
  });

  it('prints every zone, each accepted by named-checkzone', async () => {
    const { stdout } = await portolan('records', DEMO);
    const zones = stdout.split(/^(?=\$ORIGIN )/m);
    expect(zones.length).toBeGreaterThan(5);
    for (const zone of zones) {
      const origin = /^\$ORIGIN (\S+)/.exec(zone)![1]!;
      const checked = await run('/usr/bin/env', 'named-checkzone', origin, file('checked.zone', zone));
      expect(`${origin} ${checked.status}\n${checked.stdout}`).toContain(`${origin} 0\n`);
    }
  });

  it('names the zones that there are when asked for one that is not', async () => {
    const { status, stderr } = await portolan('records', '--zone', 'nowhere.example', DEMO);
    expect(status).toBe(1);
    expect(stderr).toContain('no zone nowhere.example; the zones are mesos.');
  });
});

describe('records --format axfr', () => {
  it('prints the document of /v1/axfr, with the masters and the facts of a Mesos-DNS configuration', async () => {
    const config = file(
      'config.json',
      '{ "masters": ["192.0.2.7:5050"], "listener": "192.0.2.53", "ttl": 30, "refreshSeconds": 7 }',
    );
    const { status, stdout } = await portolan('records', '--format', 'axfr', '--mesos-dns-config', config, DEMO);
    expect(status).toBe(0);
    const { Records, ...facts } = JSON.parse(stdout);
    expect(facts).toMatchObject({ TTL: 30, RefreshSeconds: 7, Domain: 'mesos', Mname: 'ns1.mesos.' });
    expect(Records.As['master0.mesos.']).toEqual(['192.0.2.7']);
    expect(Records.As['ns1.mesos.']).toEqual(['192.0.2.53']);
    expect(Records.SRVs['_httpi._tcp.marathon.mesos.']).toHaveLength(5);
  });
});

describe('records --mode exact, as the reference answered /v1/axfr (Serial aside)', () => {
  const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'mesos-dns');
  for (const [dump, ipSources] of [
    ['probe.axfr.json', ['netinfo', 'mesos', 'host']],
    ['probe-host.axfr.json', ['host']],
  ] as const)
    it(`${dump}: 0 differences`, async () => {
      const config = file(`${dump}.config.json`, JSON.stringify(recordedWith({ IPSources: ipSources })));
      const made = await axfr(config, join(FIXTURES, 'probe.json'));
      expect(made).toEqual(readDump(join(FIXTURES, dump)));
    });
});

describe('records', () => {
  it('fails for a state that cannot be read, and says why', async () => {
    const { status, stderr } = await portolan('records', file('broken.json', '{ "frameworks": [ }'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/broken\.json.*line 1, column 19|broken\.json:1:19/);
  });

  it('wants a state', async () => {
    const { status, stderr } = await portolan('records');
    expect(status).toBe(1);
    expect(stderr).toContain('expected a state file');
  });
});
