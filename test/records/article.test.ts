import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readMesosState } from '../../src/sources/mesos-state.ts';
import { allLines, settings } from './sample.ts';

const document: unknown = JSON.parse(readFileSync(new URL('../fixtures/article/state.json', import.meta.url), 'utf8'));
const { cluster } = readMesosState(document);

describe.each(['exact', 'default'] as const)('the walk-through article, %s mode', (mode) => {
  const lines = allLines(cluster, settings({ mode }));

  it('dig +short _httpi._tcp.marathon.mesos SRV', () => {
    const owner = '_httpi._tcp.marathon.mesos. 60 SRV ';
    expect(lines.filter((each) => each.startsWith(owner)).map((each) => each.slice(owner.length))).toEqual([
      '0 1 14666 httpi-ekjsh-s1.marathon.mesos.',
      '0 1 26186 httpi-9kxtg-s3.marathon.mesos.',
      '0 1 7143 httpi-y14gy-s1.marathon.mesos.',
      '0 1 8584 httpi-kdkgr-s3.marathon.mesos.',
      '0 1 9896 httpi-7n7a6-s2.marathon.mesos.',
    ]);
  });

  it('dig +short httpi.marathon.l4lb.thisdcos.directory', () => {
    expect(lines.filter((each) => each.startsWith('httpi.marathon.l4lb.'))).toEqual([
      'httpi.marathon.l4lb.thisdcos.directory. 5 A 11.249.78.219',
    ]);
  });
});

it('the VIP of the article also lists its five backends (default mode)', () => {
  const owner = '_http._tcp.httpi.marathon.l4lb.thisdcos.directory. 5 SRV ';
  const lines = allLines(cluster, settings());
  const ports = lines.filter((each) => each.startsWith(owner)).map((each) => Number(each.split(' ')[5]));
  expect(ports.sort((a, b) => a - b)).toEqual([7143, 8584, 9896, 14666, 26186]);
});
