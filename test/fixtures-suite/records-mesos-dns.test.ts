// The dumps of a running Mesos-DNS for its own test state, which are not ours to copy: read in place.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AxfrDump } from '../../src/records/axfr.ts';
import { axfrDump, mesosRecords } from '../../src/records/axfr.ts';
import { readMesosState } from '../../src/sources/mesos-state.ts';
import { resolveLocalhost } from '../../src/sources/reading.ts';
import { explainDifference } from '../records/explain.ts';
import { settings } from '../records/sample.ts';

const folder = process.env.PORTOLAN_FIXTURES;

if (folder) {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, 'mesos-dns', name), 'utf8'));
  const { cluster } = readMesosState(read('fake.json'), { masters: ['127.0.0.1:15050'], resolve: resolveLocalhost });
  // The dumps were made with this server as the master, whatever the state says.
  const leader = { ip: '127.0.0.1', port: 15050 };
  const of = { ...cluster, masters: { leader, all: [leader] } };
  const dumps = [
    ['fake-default.axfr.json', { ipSources: ['netinfo', 'mesos', 'host'], enforceRfc952: false }],
    ['fake-rfc952-all.axfr.json', { ipSources: ['netinfo', 'docker', 'mesos', 'host'], enforceRfc952: true }],
  ] as const;

  describe.each(dumps)('%s', (name, some) => {
    const mesos = { ...some, selfAddresses: ['127.0.0.1'] };

    it('is what the exact mode dumps', () => {
      const expected = read(name) as AxfrDump;
      expect(axfrDump(of, settings({ mode: 'exact', mesos }), { serial: 0, refreshSeconds: 2 })).toEqual(expected);
      expect(Object.keys(expected.Records.As).length).toBeGreaterThan(40);
    });

    it('differs from the default mode in nothing but listed repairs', () => {
      const listed = (mode: 'exact' | 'default'): string[] => [
        ...new Set(
          Array.from(mesosRecords(of, settings({ mode, mesos })), (record) =>
            [record.name, record.kind, record.value].join(' '),
          ),
        ),
      ];
      const { repaired } = explainDifference(listed('exact'));
      expect(listed('default').sort()).toEqual(repaired);
    });
  });
} else {
  it('without PORTOLAN_FIXTURES the dumps of Mesos-DNS for its own state are not there to compare with', () => {
    expect(folder).toBeUndefined();
  });
}
