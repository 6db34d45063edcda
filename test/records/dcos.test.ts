import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/cluster.ts';
import type { Task } from '../../src/model/task.ts';
import { nameToText } from '../../src/wire/name.ts';
import type { SomeSettings } from './sample.ts';
import { agent, builderFor, framework, line, lines, netinfo, settings, task } from './sample.ts';

/** Lines of a task in the dcos zone. */
function dcosLines(of: Task, some: SomeSettings = {}): string[] {
  return builderFor([of], settings(some))
    .task(of)
    .filter(({ zone }) => nameToText(zone) === 'dcos.thisdcos.directory.')
    .flatMap(({ records }) => records.map(line))
    .sort();
}

const families = (label: string, agentIp: string, autoIp: string, containerIp: string | undefined): string[] =>
  [
    `${label}.marathon.agentip.dcos.thisdcos.directory. 5 A ${agentIp}`,
    `${label}.marathon.autoip.dcos.thisdcos.directory. 5 A ${autoIp}`,
    ...(containerIp ? [`${label}.marathon.containerip.dcos.thisdcos.directory. 5 A ${containerIp}`] : []),
  ].sort();

describe('agentip, autoip and containerip (dcos-net)', () => {
  it('a container without a host port is found at its own address', () => {
    const ports = [{ protocol: 'tcp', containerPort: 80 } as const];
    expect(dcosLines(task({ addresses: netinfo('9.0.1.6'), ports }))).toEqual(
      families('web', '192.0.2.1', '9.0.1.6', '9.0.1.6'),
    );
  });

  it('one host port is enough to find it at its agent', () => {
    const ports = [
      { protocol: 'tcp', containerPort: 80 } as const,
      { protocol: 'tcp', containerPort: 8080, hostPort: 20560 } as const,
    ];
    expect(dcosLines(task({ addresses: netinfo('172.18.0.2'), ports }))).toEqual(
      families('web', '192.0.2.1', '192.0.2.1', '172.18.0.2'),
    );
  });

  it('without an address of its own it is found at its agent and has no containerip', () => {
    expect(dcosLines(task())).toEqual(families('web', '192.0.2.1', '192.0.2.1', undefined));
  });

  it('an IPv6 address is an AAAA record', () => {
    expect(dcosLines(task({ addresses: netinfo('172.19.0.2', 'fd01:b::2:8000:0:2') }))).toEqual(
      [
        ...families('web', '192.0.2.1', '172.19.0.2', '172.19.0.2'),
        'web.marathon.autoip.dcos.thisdcos.directory. 5 AAAA fd01:b::2:8000:0:2',
        'web.marathon.containerip.dcos.thisdcos.directory. 5 AAAA fd01:b::2:8000:0:2',
      ].sort(),
    );
  });

  it('names are the discovery name and the framework name, one label each', () => {
    const group = task({ discovery: { name: 'myapp.mygroup', ports: [] }, framework: framework({ name: 'My.Fw' }) });
    expect(dcosLines(group)[0]).toBe('myapp-mygroup.my-fw.agentip.dcos.thisdcos.directory. 5 A 192.0.2.1');
  });

  it('only running tasks have them, in the exact mode healthy or not', () => {
    for (const mode of ['default', 'exact'] as const)
      expect(dcosLines(task({ state: 'killing' }), { mode })).toEqual([]);
    expect(dcosLines(task({ healthy: false }), { mode: 'exact' })).toEqual(dcosLines(task()));
    expect(dcosLines(task({ healthy: false }))).toEqual([]);
  });

  it('a name without a letter or digit is reported', () => {
    const problems: Problem[] = [];
    const odd = task({ name: '%' });
    builderFor([odd], settings({ mesos: { domain: 'mesos' } })).task(odd, problems);
    expect(problems.map(({ why }) => why).filter((why) => why.includes('thisdcos'))).toHaveLength(1);
  });
});

describe('the fixed zones of DC/OS', () => {
  it('masters are leader and master in the dcos zone, and zk-1 to zk-5 over and over', () => {
    const all = [1, 2, 3].map((n) => ({ ip: `192.0.2.${n}`, port: 5050 }));
    const made = lines(builderFor([], settings()).masters({ leader: all[1], all }));
    expect(made.filter((each) => !each.includes('.mesos.'))).toEqual([
      'leader.dcos.thisdcos.directory. 5 A 192.0.2.2',
      'master.dcos.thisdcos.directory. 5 A 192.0.2.1',
      'master.dcos.thisdcos.directory. 5 A 192.0.2.2',
      'master.dcos.thisdcos.directory. 5 A 192.0.2.3',
      'zk-1.zk. 5 A 192.0.2.1',
      'zk-2.zk. 5 A 192.0.2.2',
      'zk-3.zk. 5 A 192.0.2.3',
      'zk-4.zk. 5 A 192.0.2.1',
      'zk-5.zk. 5 A 192.0.2.2',
    ]);
  });

  it('spartan and localhost are there without a cluster; thisnode and aliases when configured', () => {
    expect(lines(builderFor([], settings()).self())).toEqual([
      'localhost. 5 A 127.0.0.1',
      'ns.spartan. 5 A 198.51.100.1',
      'ready.spartan. 5 A 127.0.0.1',
    ]);
    const dcos = {
      thisNode: { private: ['192.0.2.7'], public: ['198.51.100.7'] },
      aliases: { component: { history: 'master.mesos.thisdcos.directory' } },
    };
    expect(lines(builderFor([], settings({ dcos })).self())).toEqual(
      expect.arrayContaining([
        'thisnode.thisdcos.directory. 5 A 192.0.2.7',
        'public.thisnode.thisdcos.directory. 5 A 198.51.100.7',
        'history.component.thisdcos.directory. 5 CNAME master.mesos.thisdcos.directory.',
      ]),
    );
  });

  it('an agent is known by its first IPv4 address', () => {
    const of = task({ agent: agent({ addresses: ['2001:db8::1', '192.0.2.5', '192.0.2.6'] }) });
    expect(dcosLines(of)).toEqual(families('web', '192.0.2.5', '192.0.2.5', undefined));
  });
});
