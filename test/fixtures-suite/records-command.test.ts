// `portolan records` on Mesos-DNS's own test state, against what a running Mesos-DNS answered. Read in place.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { axfr, readDump, recordedWith } from '../live/mesos-dns-dump.ts';

const fixtures = process.env.PORTOLAN_FIXTURES;

if (fixtures) {
  const folder = mkdtempSync(join(tmpdir(), 'records-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  describe('records --mode exact, as the reference answered /v1/axfr (Serial aside)', () => {
    for (const [dump, more] of [
      ['fake-default.axfr.json', { IPSources: ['netinfo', 'mesos', 'host'] }],
      ['fake-rfc952-all.axfr.json', { IPSources: ['netinfo', 'docker', 'mesos', 'host'], EnforceRFC952: true }],
    ] as const)
      it(`${dump}: 0 differences`, async () => {
        const config = join(folder, dump);
        writeFileSync(config, JSON.stringify(recordedWith(more)));
        const made = await axfr(config, join(fixtures, 'mesos-dns', 'fake.json'));
        expect(made).toEqual(readDump(join(fixtures, 'mesos-dns', dump)));
      });
  });
} else {
  it('third-party fixtures are not given (PORTOLAN_FIXTURES is unset)', () => {
    expect(process.env.PORTOLAN_FIXTURES).toBeUndefined();
  });
}
