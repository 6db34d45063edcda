import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AxfrDump, Enumeration } from '../../src/records/axfr.ts';
import { axfrDump, enumeration } from '../../src/records/axfr.ts';
import type { RecordSettings } from '../../src/records/settings.ts';
import { readMesosState } from '../../src/sources/mesos-state.ts';
import { cluster, framework, settings, task } from './sample.ts';

const FOLDER = new URL('../fixtures/mesos-dns/', import.meta.url);

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
}

const probe = readMesosState(read('probe.json'), { masters: ['127.0.0.1:15050'] }).cluster;
const reference = (ipSources: RecordSettings['mesos']['ipSources']): RecordSettings =>
  settings({ mode: 'exact', mesos: { ipSources, selfAddresses: ['127.0.0.1'] } });

describe('/v1/axfr', () => {
  it.each([
    ['probe.axfr.json', ['netinfo', 'mesos', 'host']],
    ['probe-host.axfr.json', ['host']],
  ] as const)('in the exact mode equals %s, the answer of Mesos-DNS, character for character', (name, sources) => {
    const dump = axfrDump(probe, reference(sources), { serial: 0, refreshSeconds: 2 });
    expect(dump).toEqual(read(name));
    expect(Object.keys((read(name) as AxfrDump).Records.As).length).toBeGreaterThan(300);
  });

  it('is sorted, names and values', () => {
    const { As, SRVs } = axfrDump(probe, reference(['host']), { serial: 0, refreshSeconds: 2 }).Records;
    for (const table of [As, SRVs]) {
      expect(Object.keys(table)).toEqual(Object.keys(table).sort());
      for (const values of Object.values(table)) expect(values).toEqual([...values].sort());
    }
  });

  it('in the default mode lists what is served', () => {
    const of = cluster({ tasks: [task({ name: '---' }), task({ id: 'b', discovery: { name: 'Up', ports: [] } })] });
    const { Records, Domain, Mname, Rname, Serial, RefreshSeconds, TTL } = axfrDump(
      of,
      settings({
        mesos: { domain: 'example', ttlSeconds: 30, soa: { ...settings().mesos.soa, rname: 'root@example.org' } },
      }),
      { serial: 7, refreshSeconds: 60 },
    );
    expect(Object.keys(Records.As).filter((name) => !name.includes('slave'))).toEqual([
      '-iffe9-s1.marathon.example.',
      'up-78mt6-s1.marathon.example.',
      'up.marathon.example.',
    ]);
    expect({ Domain, Mname, Rname, Serial, RefreshSeconds, TTL }).toEqual({
      Domain: 'example',
      Mname: 'ns1.mesos.',
      Rname: 'root.example.org.',
      Serial: 7,
      RefreshSeconds: 60,
      TTL: 30,
    });
  });
});

describe('/v1/enumerate', () => {
  it('in the exact mode equals the answer of Mesos-DNS, in its order', () => {
    expect(enumeration(probe, reference(['netinfo', 'mesos', 'host']))).toEqual(read('probe.enumerate.json'));
  });

  it('names a record under the first task that has it, and says null of a task that brings none', () => {
    const twice = task({ framework: framework() });
    const { frameworks } = enumeration(cluster({ tasks: [twice, twice], frameworks: [framework()] }), settings());
    const [first, second] = (frameworks[0] as Enumeration['frameworks'][number]).tasks;
    expect(first?.records).toHaveLength(4);
    expect(second?.records).toBeNull();
  });
});
