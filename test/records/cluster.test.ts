import { describe, expect, it } from 'vitest';
import type { MasterAddress } from '../../src/model/masters.ts';
import { RecordBuilder } from '../../src/records/index.ts';
import { VipAddresses } from '../../src/records/vip-addresses.ts';
import type { SomeSettings } from './sample.ts';
import { agent, framework, lines, settings } from './sample.ts';

function builder(some: SomeSettings = {}): RecordBuilder {
  const from = settings({ dcos: { enabled: false }, ...some });
  return new RecordBuilder(from, new VipAddresses(from.dcos.vip));
}

const at = (ip: string, port: number): MasterAddress => ({ ip, port });

describe('masters (Mesos-DNS)', () => {
  const leader = at('192.0.2.6', 7);
  /** Names of the masters by number, `master` without one last. */
  function numbered(all: readonly MasterAddress[]): string[] {
    return lines(builder().masters({ leader, all })).filter((each) => each.startsWith('master'));
  }

  it.each([
    ['the list decides the order', [at('192.0.2.8', 9), leader], ['8', '6']],
    ['a leader that the list does not have comes last', [at('192.0.2.8', 9)], ['8', '6']],
    ['an empty list leaves the leader alone', [], ['6']],
    [
      'an entry at an address that was there already takes no number',
      [at('192.0.2.8', 9), at('192.0.2.8', 1)],
      ['8', '6'],
    ],
    ['an entry at the address of the leader but another port takes no number', [at('192.0.2.6', 1), leader], ['6']],
    ['the leader counts once', [leader, leader, at('192.0.2.8', 9)], ['6', '8']],
  ])('%s', (_, all, hosts) => {
    expect(numbered(all)).toEqual(
      [
        ...hosts.map((host) => `master.mesos. 60 A 192.0.2.${host}`),
        ...hosts.map((host, number) => `master${number}.mesos. 60 A 192.0.2.${host}`),
      ].sort(),
    );
  });

  it('the leader has an address and a TCP and a UDP service, and there is no _master service', () => {
    expect(lines(builder().masters({ leader, all: [leader] })).filter((each) => !each.startsWith('master'))).toEqual([
      '_leader._tcp.mesos. 60 SRV 0 1 7 leader.mesos.',
      '_leader._udp.mesos. 60 SRV 0 1 7 leader.mesos.',
      'leader.mesos. 60 A 192.0.2.6',
    ]);
  });

  it('without a leader there are no master records', () => {
    expect(builder().masters({ leader: undefined, all: [at('192.0.2.8', 9)] })).toEqual([]);
  });
});

describe('frameworks and agents (Mesos-DNS)', () => {
  it('a framework has its scheduler address and, with a port, a service', () => {
    expect(lines(builder().framework(framework({ name: 'Prod.Team_A 1', active: false })))).toEqual([
      '_framework._tcp.prod.team-a1.mesos. 60 SRV 0 1 15101 prod.team-a1.mesos.',
      'prod.team-a1.mesos. 60 A 192.0.2.9',
    ]);
    expect(lines(builder().framework(framework({ port: undefined })))).toEqual(['marathon.mesos. 60 A 192.0.2.9']);
    expect(builder().framework(framework({ addresses: [] }))).toEqual([]);
  });

  it('agents share one name and, on one port, one service value', () => {
    const made = builder();
    const both = [agent(), agent({ id: 'x-S2', addresses: ['2001:db8::12'] })].flatMap((each) => made.agent(each));
    expect([...new Set(lines(both))]).toEqual([
      '_slave._tcp.mesos. 60 SRV 0 1 5051 slave.mesos.',
      'slave.mesos. 60 A 192.0.2.1',
      'slave.mesos. 60 AAAA 2001:db8::12',
    ]);
  });
});

describe('the name server itself', () => {
  it('has its addresses at the name in the SOA', () => {
    const mesos = { selfAddresses: ['192.0.2.53', '2001:db8::53'] };
    expect(lines(builder({ mesos }).self())).toEqual(['ns1.mesos. 60 A 192.0.2.53', 'ns1.mesos. 60 AAAA 2001:db8::53']);
  });
});
