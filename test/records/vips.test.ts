import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/cluster.ts';
import type { Task } from '../../src/model/task.ts';
import { L4LB_ORIGIN } from '../../src/records/dcos.ts';
import type { SomeSettings } from './sample.ts';
import { agent, builderFor, line, netinfo, settings, task, vipPort } from './sample.ts';

/** Distinct lines that tasks give to the l4lb zone, without its suffix. */
function l4lb(tasks: readonly Task[], some: SomeSettings = {}, problems: Problem[] = []): string[] {
  const builder = builderFor(tasks, settings(some));
  const made = tasks.flatMap((each) => builder.task(each, problems)).filter(({ zone }) => zone === L4LB_ORIGIN);
  const text = made.flatMap(({ records }) => records.map(line));
  return [...new Set(text)].map((each) => each.replaceAll('.l4lb.thisdcos.directory.', '')).sort();
}

const httpi = task({ ports: [vipPort('/httpi', { hostPort: 9896 })] });

describe('names of VIPs (dcos-net)', () => {
  it('a VIP has the address of its name, and SRV records lead to its backends', () => {
    expect(l4lb([httpi])).toEqual([
      '_http._tcp.httpi.marathon 5 SRV 0 1 9896 web-iffe9-s1.httpi.marathon',
      'httpi.marathon 5 A 11.249.78.219',
      'web-iffe9-s1.httpi.marathon 5 A 192.0.2.1',
    ]);
  });

  it('the exact mode has the address alone', () => {
    expect(l4lb([httpi], { mode: 'exact' })).toEqual(['httpi.marathon 5 A 11.249.78.219']);
  });

  it('backends at own addresses give an A for IPv4 and an AAAA for IPv6', () => {
    const dual = task({ addresses: netinfo('9.0.1.2', 'fd01:b::3'), ports: [vipPort('/httpi')] });
    expect(l4lb([dual])).toEqual([
      '_http._tcp.httpi.marathon 5 SRV 0 1 8080 web-iffe9-s1.httpi.marathon',
      'httpi.marathon 5 A 11.249.78.219',
      'httpi.marathon 5 AAAA fd01:c::aadd:8637:f9fb:fda3',
      'web-iffe9-s1.httpi.marathon 5 A 9.0.1.2',
      'web-iffe9-s1.httpi.marathon 5 AAAA fd01:b::3',
    ]);
    expect(l4lb([dual], { dcos: { vip: { ...settings().dcos.vip, ipv6: false } } }).join()).not.toContain('AAAA');
  });

  it('an unhealthy task, one not ready and one being killed keep the address but get no connections', () => {
    for (const some of [{ healthy: false }, { ready: false }, { state: 'killing' as const }])
      expect(l4lb([{ ...httpi, ...some }])).toEqual(['httpi.marathon 5 A 11.249.78.219']);
  });

  it('a task that is not up, or that has no address, gives nothing', () => {
    expect(l4lb([{ ...httpi, state: 'preparing' }])).toEqual([]);
    expect(l4lb([task({ ports: [vipPort('/httpi')] })])).toEqual([]);
  });

  it('a port without a name is found under the label of the VIP', () => {
    const unnamed = task({ ports: [vipPort('/group/app.x', { name: undefined, hostPort: 9896 })] });
    expect(l4lb([unnamed])).toContain(
      '_groupapp-x._tcp.groupapp.x.marathon 5 SRV 0 1 9896 web-iffe9-s1.groupapp.x.marathon',
    );
  });

  it('a task that is reached at its agent and at its own address has a target for each', () => {
    const mixed = task({
      addresses: netinfo('9.0.1.2'),
      ports: [vipPort('/httpi', { hostPort: 9896 }), vipPort('/httpi', { name: 'admin', containerPort: 9000 })],
    });
    expect(l4lb([mixed])).toEqual([
      '_admin._tcp.httpi.marathon 5 SRV 0 1 9000 web-iffe9-s1.2.httpi.marathon',
      '_http._tcp.httpi.marathon 5 SRV 0 1 9896 web-iffe9-s1.httpi.marathon',
      'httpi.marathon 5 A 11.249.78.219',
      'web-iffe9-s1.2.httpi.marathon 5 A 9.0.1.2',
      'web-iffe9-s1.httpi.marathon 5 A 192.0.2.1',
    ]);
  });

  it('a literal VIP has no name', () => {
    const literal = vipPort('', { hostPort: 9896, vips: [{ kind: 'literal', ip: '1.2.3.4', port: 80 }] });
    expect(l4lb([task({ ports: [literal] })])).toEqual([]);
  });

  it('a label without a letter or digit is reported', () => {
    const problems: Problem[] = [];
    expect(l4lb([task({ ports: [vipPort('/', { hostPort: 9896 })] })], {}, problems)).toEqual([]);
    expect(problems.map(({ why }) => why).join()).toContain('".marathon" gets no name below l4lb.thisdcos.directory.');
  });

  it('a VIP for which no address is left is reported', () => {
    const problems: Problem[] = [];
    const two = ['a', 'b'].map((id) => task({ id, ports: [vipPort(id, { hostPort: 1 })] }));
    const vip = { ...settings().dcos.vip, max: '11.0.0.1' };
    l4lb(two, { dcos: { vip } }, problems);
    expect(problems.map(({ why }) => why)).toEqual(['VIP b.marathon has no IPv4 address: none is left in the range']);
  });
});

describe('backends of VIPs (dcos-net)', () => {
  const backends = (of: Task, some: SomeSettings = {}): string[] =>
    builderFor([of], settings(some))
      .vipBackends(of)
      .map(
        ({ vip, vipPort: port, protocol, ip, port: number, weight }) =>
          `${protocol} ${vip.kind === 'named' ? vip.name : vip.ip}:${port} -> ${ip}:${number} weight ${weight}`,
      );

  it('a mapped port is reached at the agent, another at each of the own addresses', () => {
    expect(backends({ ...httpi, addresses: netinfo('9.0.1.2') })).toEqual([
      'tcp httpi.marathon:80 -> 192.0.2.1:9896 weight 1',
    ]);
    expect(backends(task({ addresses: netinfo('9.0.1.2', 'fd01:b::3'), ports: [vipPort('/httpi')] }))).toEqual([
      'tcp httpi.marathon:80 -> 9.0.1.2:8080 weight 1',
      'tcp httpi.marathon:80 -> fd01:b::3:8080 weight 1',
    ]);
  });

  it('a literal VIP takes own addresses of its family only', () => {
    const literal = vipPort('', { vips: [{ kind: 'literal', ip: 'fd01:c::7', port: 80 }] });
    expect(backends(task({ addresses: netinfo('9.0.1.2', 'fd01:b::3'), ports: [literal] }))).toEqual([
      'tcp fd01:c::7:80 -> fd01:b::3:8080 weight 1',
    ]);
  });

  it('weight is 1 for a running task that is not known to be unhealthy, else 0', () => {
    const weights = [{}, { healthy: true }, { healthy: false }, { state: 'killing' as const }].map((some) =>
      backends({ ...httpi, ...some }).map((each) => each.at(-1)),
    );
    expect(weights).toEqual([['1'], ['1'], ['0'], ['0']]);
  });

  it('a port of 0 is no backend', () => {
    expect(backends(task({ ports: [vipPort('/httpi', { hostPort: 0 })] }))).toEqual([]);
  });

  it('an agent without an address is no backend', () => {
    expect(backends({ ...httpi, agent: agent({ addresses: [] }) })).toEqual([]);
  });
});
