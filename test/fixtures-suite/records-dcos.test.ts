// Recorded inputs and asserted answers of dcos-net's own tests, which are not ours to copy: read in place.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/model/cluster.ts';
import type { AxfrDump } from '../../src/records/axfr.ts';
import { mesosRecords } from '../../src/records/axfr.ts';
import { DCOS_ORIGIN, MIRROR_ORIGIN } from '../../src/records/dcos.ts';
import { RecordBuilder } from '../../src/records/index.ts';
import { VipAddresses } from '../../src/records/vip-addresses.ts';
import { zoneSpecs } from '../../src/records/zones.ts';
import { MesosView } from '../../src/sources/mesos-view.ts';
import { Type } from '../../src/wire/codes.ts';
import { nameToText, parseName } from '../../src/wire/name.ts';
import type { RR } from '../../src/wire/rr.ts';
import { addressOctets, addressText, srvRdata } from '../../src/wire/rr.ts';
import { expandAlias } from '../../src/zone/spec.ts';
import { builderFor, line, settings } from '../records/sample.ts';

const folder = process.env.PORTOLAN_FIXTURES;

if (folder) {
  const text = (name: string): string => readFileSync(join(folder, 'dcos', name), 'utf8');

  /** The cluster after all events of a file: one JSON document a line, or one in all. */
  const replay = (name: string): Cluster => {
    const view = new MesosView();
    const content = text(name);
    const events = isOneDocument(content) ? [content] : content.split('\n').filter((each) => each.trim() !== '');
    for (const event of events) view.apply(JSON.parse(event));
    return view.cluster();
  };

  describe.each(['exact', 'default'] as const)('expected-dns.json, %s mode', (mode) => {
    const { note: _, ...files } = JSON.parse(text('expected-dns.json')) as Record<string, Record<string, string[]>>;
    const cases = Object.entries(files).flatMap(([file, names]) =>
      Object.entries(names).map(([name, addresses]) => ({ file, name: name.split(' ')[0]!, addresses })),
    );

    it('has 17 names', () => {
      expect(cases).toHaveLength(17);
    });

    it.each(cases)('$file: $name has $addresses as agentip, autoip, containerip', ({ file, name, addresses }) => {
      const { tasks } = replay(file);
      const builder = builderFor(tasks, settings({ mode }));
      const records = tasks.flatMap((task) => builder.task(task)).filter(({ zone }) => zone === DCOS_ORIGIN);
      const lines = new Set(records.flatMap((contribution) => contribution.records.map(line)));
      for (const [i, family] of ['agentip', 'autoip', 'containerip'].entries()) {
        const owner = `${name}.${family}.dcos.thisdcos.directory. 5 `;
        const answers = [...lines].filter((each) => each.startsWith(owner)).map((each) => each.slice(owner.length));
        const ip = addresses[i]!;
        expect(answers).toContain(`${ip.includes(':') ? 'AAAA' : 'A'} ${addressText(addressOctets(ip)!)}`);
        // No address that the tests do not assert; the dual-stack task has one more, IPv4.
        expect(answers.length).toBe(answers.some((each) => each.startsWith('AAAA')) ? 2 : 1);
      }
    });
  });

  describe('axfr.json, a dump of Mesos-DNS', () => {
    const dump = JSON.parse(text('axfr.json')) as AxfrDump;
    const target: RR[] = [];
    for (const table of [dump.Records.As, dump.Records.AAAAs])
      for (const [name, ips] of Object.entries(table ?? {}))
        for (const rdata of ips.map((ip) => addressOctets(ip)!))
          target.push({ owner: parseName(name), type: rdata.length === 4 ? Type.A : Type.AAAA, ttl: 60, rdata });
    for (const [name, values] of Object.entries(dump.Records.SRVs))
      for (const value of values) {
        const [host = '', port] = value.split(':');
        target.push({
          owner: parseName(name),
          type: Type.SRV,
          ttl: 60,
          rdata: srvRdata(0, 1, Number(port), parseName(host)),
        });
      }

    it('becomes the mirror zone: every name under mesos.thisdcos.directory, TTL 5, SRV 1 1', () => {
      const spec = zoneSpecs(settings()).find(({ origin }) => origin === MIRROR_ORIGIN)!;
      const mirror = expandAlias(spec, target).filter(({ type }) => type !== Type.NS);
      expect(mirror).toHaveLength(target.length);
      expect(
        mirror.every(({ ttl, owner }) => ttl === 5 && nameToText(owner).endsWith('mesos.thisdcos.directory.')),
      ).toBe(true);
      expect(mirror.map(line)).toContain(
        '_http._ucr-on-bridge._tcp.marathon.mesos.thisdcos.directory. 5 SRV 1 1 18236 ' +
          'ucr-on-bridge-w5ijk-s1.marathon.mesos.thisdcos.directory.',
      );
    });

    it('has the SRV records of its tasks in the shape that these rules give', () => {
      const names = new Set(
        Array.from(
          mesosRecords(replay('operator-api.json'), settings({ mode: 'exact' })),
          ({ kind, name }) => `${kind} ${name}`,
        ),
      );
      // Another run of the same apps: other hashes and ports, the same services.
      for (const app of ['ucr-on-bridge', 'docker-on-dcos', 'pod-on-host'])
        for (const owner of [`_${app}._tcp.marathon.mesos.`, `_http._${app}._tcp.marathon.mesos.`]) {
          expect(Object.keys(dump.Records.SRVs)).toContain(owner);
          expect(names).toContain(`SRV ${owner}`);
        }
    });
  });

  describe('the VIPs of recorded tasks', () => {
    const vipsOf = (name: string): string[] => {
      const { tasks } = replay(name);
      const builder = new RecordBuilder(settings(), new VipAddresses(settings().dcos.vip));
      return tasks
        .flatMap((task) => builder.vipBackends(task))
        .map(({ vip, vipPort, protocol, ip, port, weight }) => {
          const target = vip.kind === 'named' ? vip.name : vip.ip;
          return `${protocol} ${target}:${vipPort} -> ${ip}:${port} weight ${weight}`;
        })
        .sort();
    };

    it.each([
      [
        'vip-labels.json',
        [
          'tcp abc.marathon:80 -> 172.17.0.3:9999 weight 1',
          'tcp cbd.marathon:80 -> 172.17.0.3:9999 weight 1',
          'tcp def.marathon:80 -> 172.17.0.3:9999 weight 1',
          'tcp jkl.marathon:80 -> 172.17.0.3:10000 weight 1',
          'tcp xyz.marathon:443 -> 172.17.0.3:10001 weight 1',
        ],
      ],
      [
        'tcp-and-udp.json',
        ['tcp app.marathon:80 -> 172.17.0.3:6416 weight 1', 'udp app.marathon:80 -> 172.17.0.3:6416 weight 1'],
      ],
      ['unhealthy.json', ['tcp foobar.marathon:80 -> 9.0.1.6:80 weight 0']],
      [
        'hello-overlay.json',
        [
          'tcp api.hello-world.marathon:80 -> 10.0.0.49:19630 weight 1',
          'tcp host-vip.hello-world:80 -> 10.0.0.49:4044 weight 1',
          'tcp overlay-vip.hello-world:80 -> 9.0.2.3:4044 weight 1',
        ],
      ],
    ])('%s has %j (tasks as dcos-net asserts them)', (name, expected) => {
      expect(vipsOf(name)).toEqual(expected);
    });
  });
} else {
  it("without PORTOLAN_FIXTURES the recorded inputs of dcos-net's tests are not there to compare with", () => {
    expect(folder).toBeUndefined();
  });
}

function isOneDocument(content: string): boolean {
  try {
    JSON.parse(content);
    return true;
  } catch {
    return false;
  }
}
