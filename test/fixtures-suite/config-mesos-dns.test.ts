// Mesos-DNS's own sample configuration, read in place.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildConfig } from '../../src/config.ts';
import { readMesosDnsConfig } from '../../src/config-mesos-dns.ts';

const fixtures = process.env.PORTOLAN_FIXTURES;

if (fixtures) {
  const sample = join(fixtures, 'mesos-dns', 'config.sample.json');
  describe("Mesos-DNS's sample configuration", () => {
    it('is accepted as it is', () => {
      const { layer } = readMesosDnsConfig(sample);
      expect(buildConfig([layer]).listen).toEqual([{ address: '0.0.0.0', port: 8053 }]);
      expect(buildConfig([layer]).mesos.ipSources).toEqual(JSON.parse(readFileSync(sample, 'utf8')).IPSources);
    });

    it('has a key that Mesos-DNS itself ignores, which is said', () => {
      const { notes } = readMesosDnsConfig(sample);
      expect(notes.filter((note) => note.startsWith('ns: '))).toHaveLength(1);
    });
  });
} else {
  it('third-party fixtures are not given (PORTOLAN_FIXTURES is unset)', () => {
    expect(process.env.PORTOLAN_FIXTURES).toBeUndefined();
  });
}
