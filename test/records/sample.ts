// Small model objects for the tests of the records: everything has a default, a test names what it is about.
import type { Agent } from '../../src/model/agent.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { Framework } from '../../src/model/framework.ts';
import type { Port } from '../../src/model/port.ts';
import type { Task, TaskAddress } from '../../src/model/task.ts';
import { taskKey } from '../../src/model/task.ts';
import type { Contribution } from '../../src/records/index.ts';
import { RecordBuilder } from '../../src/records/index.ts';
import type { RecordSettings } from '../../src/records/settings.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/records/settings.ts';
import { VipAddresses } from '../../src/records/vip-addresses.ts';
import { Type } from '../../src/wire/codes.ts';
import { nameToText } from '../../src/wire/name.ts';
import type { RR } from '../../src/wire/rr.ts';
import { addressText } from '../../src/wire/rr.ts';

/** Settings of the sections, the rest as it comes. */
export interface SomeSettings {
  readonly mode?: RecordSettings['mode'];
  readonly mesos?: Partial<RecordSettings['mesos']>;
  readonly dcos?: Partial<RecordSettings['dcos']>;
  readonly reverse?: Partial<RecordSettings['reverse']>;
}

export function settings(some: SomeSettings = {}): RecordSettings {
  const { mode, mesos, dcos, reverse } = DEFAULT_RECORD_SETTINGS;
  return {
    mode: some.mode ?? mode,
    mesos: { ...mesos, ...some.mesos },
    dcos: { ...dcos, ...some.dcos },
    reverse: { ...reverse, ...some.reverse },
  };
}

export function agent(some: Partial<Agent> = {}): Agent {
  return { id: 'b1f1d0d0-S1', hostname: 'node1', host: '192.0.2.1', port: 5051, addresses: ['192.0.2.1'], ...some };
}

export function framework(some: Partial<Framework> = {}): Framework {
  return {
    id: 'f1',
    name: 'marathon',
    active: true,
    host: '192.0.2.9',
    port: 15101,
    addresses: ['192.0.2.9'],
    ...some,
  };
}

export function task(some: Partial<Task> = {}): Task {
  return {
    id: 'test',
    name: 'web',
    framework: framework(),
    agent: agent(),
    state: 'running',
    ready: true,
    addresses: [],
    hostPorts: [],
    ports: [],
    labels: {},
    ...some,
  };
}

export function netinfo(...ips: string[]): TaskAddress[] {
  return ips.map((ip) => ({ ip, origin: 'netinfo' }));
}

/** A TCP port that asks for the named VIP `label`. */
export function vipPort(label: string, some: Partial<Port> = {}): Port {
  return { name: 'http', protocol: 'tcp', containerPort: 8080, vips: [{ kind: 'named', label, port: 80 }], ...some };
}

export function cluster(some: Partial<Cluster> = {}): Cluster {
  return { tasks: [], agents: [], frameworks: [], ...some };
}

/** A record as a line: `web.marathon.mesos. 60 A 192.0.2.1`. */
export function line({ owner, ttl, type, rdata }: RR): string {
  return `${nameToText(owner)} ${ttl} ${value(type, rdata)}`;
}

function value(type: number, rdata: string): string {
  switch (type) {
    case Type.A:
      return `A ${addressText(rdata)}`;
    case Type.AAAA:
      return `AAAA ${addressText(rdata)}`;
    case Type.SRV: {
      const [priority, weight, port] = [0, 2, 4].map((at) => (rdata.charCodeAt(at) << 8) | rdata.charCodeAt(at + 1));
      return `SRV ${priority} ${weight} ${port} ${nameToText(rdata.slice(6))}`;
    }
    case Type.PTR:
      return `PTR ${nameToText(rdata)}`;
    case Type.NS:
      return `NS ${nameToText(rdata)}`;
    case Type.CNAME:
      return `CNAME ${nameToText(rdata)}`;
    default:
      return `TYPE${type}`;
  }
}

/** Lines of all contributions, sorted. */
export function lines(contributions: Iterable<Contribution>): string[] {
  return [...contributions].flatMap(({ records }) => records.map(line)).sort();
}

/** A builder that knows the VIPs of the tasks. */
export function builderFor(tasks: readonly Task[], from: RecordSettings): RecordBuilder {
  const vips = new VipAddresses(from.dcos.vip);
  const builder = new RecordBuilder(from, vips);
  vips.update(tasks.map((each) => [taskKey(each), builder.vipWants(each)]));
  return builder;
}

/** The distinct lines of everything in a cluster, sorted. */
export function allLines(of: Cluster, from: RecordSettings): string[] {
  const builder = builderFor(of.tasks, from);
  const contributions = [
    ...of.tasks.flatMap((each) => builder.task(each)),
    ...of.frameworks.flatMap((each) => builder.framework(each)),
    ...of.agents.flatMap((each) => builder.agent(each)),
    ...(of.masters === undefined ? [] : builder.masters(of.masters)),
    ...builder.self(),
  ];
  return [...new Set(lines(contributions))].sort();
}
