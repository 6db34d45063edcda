// The ports of a Mesos task: texts of ranges, and the merging of what three places say (dcos-l4lb-marathon.md 3.4).
import { describe, expect, test } from 'vitest';
import { hostPortsOf } from '../../src/sources/mesos-ports.ts';
import { readMesosState } from '../../src/sources/mesos-state.ts';
import { vipText } from '../../src/sources/vip.ts';

function read(ports: unknown): { ports: readonly number[] | undefined; complaints: number } {
  let complaints = 0;
  const read = hostPortsOf({ ports }, () => complaints++);
  return { ports: read, complaints };
}

describe('resources.ports', () => {
  test.each([
    ['[31000-31001, 31005-31005]', [31_000, 31_001, 31_005], 0],
    ['[]', [], 0],
    [undefined, [], 0],
    ['[31000]', [31_000], 1],
    ['31000-31001', [31_000, 31_001], 1],
    ['[x-y, 5-6]', [5, 6], 1],
    ['[6-5, 7-7]', [7], 1],
    ['[65534-70000]', [65_534, 65_535], 1],
    [['31000-31001'], [], 1],
    [31_000, [], 1],
  ])('%j', (text, ports, complaints) => {
    expect(read(text)).toEqual({ ports, complaints });
  });

  test('the widest range is served, and repeating it does not make more', () => {
    expect(read('[1-65535]')).toEqual({ ports: Array.from({ length: 65_535 }, (_, i) => i + 1), complaints: 0 });
    const repeated = read(`[${Array(50).fill('0-65535').join(',')}]`);
    expect(repeated.ports).toHaveLength(65_536);
    expect(repeated.complaints).toBeGreaterThan(0);
  });

  test('the operator API gives ranges as numbers', () => {
    const resources = [
      { name: 'cpus', scalar: { value: 1 } },
      {
        name: 'ports',
        ranges: {
          range: [
            { begin: 9, end: 10 },
            { begin: 20, end: 20 },
          ],
        },
      },
    ];
    expect(hostPortsOf(resources, () => expect.unreachable())).toEqual([9, 10, 20]);
  });
});

/** The merged ports of a running task on the agent 192.0.2.8, each as one line. */
function merged(task: Record<string, unknown>, ip: string, problems: string[] = []): string[] {
  const statuses = [
    { state: 'TASK_RUNNING', container_status: { network_infos: [{ ip_addresses: [{ ip_address: ip }] }] } },
  ];
  const reading = readMesosState({
    leader: 'm@192.0.2.9:5050',
    slaves: [{ id: 'S1', pid: 'slave(1)@192.0.2.8:5051' }],
    frameworks: [{ id: 'f', tasks: [{ id: 'a', state: 'TASK_RUNNING', slave_id: 'S1', statuses, ...task }] }],
  });
  problems.push(...reading.problems.map(({ where, why }) => `${where}: ${why}`));
  return reading.cluster.tasks[0]!.ports.map(
    ({ name = '-', protocol, containerPort = '-', hostPort = '-', vips = [] }) =>
      [name, protocol, `${hostPort}:${containerPort}`, ...vips.map(vipText)].join(' '),
  );
}

function discovery(...ports: { number: number; name?: string; protocol?: string; labels?: Record<string, string> }[]) {
  return {
    name: 'a',
    ports: {
      ports: ports.map(({ labels = {}, ...port }) => ({
        protocol: 'tcp',
        ...port,
        labels: { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) },
      })),
    },
  };
}

const docker = (network: string, ...port_mappings: unknown[]) => ({
  type: 'DOCKER',
  docker: { network, port_mappings },
});

describe('merged ports', () => {
  test('docker bridge: the mapping meets the discovery port by the host port', () => {
    const container = docker('BRIDGE', { container_port: 8080, host_port: 20_560, protocol: 'tcp' });
    const scoped = discovery({ number: 20_560, name: 'http', labels: { 'network-scope': 'host' } });
    expect(merged({ container, discovery: scoped }, '172.18.0.2')).toEqual(['http tcp 20560:8080']);
  });

  test('docker bridge of an old Marathon, which told no scope, comes out the same (4.2)', () => {
    const container = docker('BRIDGE', { container_port: 8080, host_port: 20_560, protocol: 'tcp' });
    expect(merged({ container, discovery: discovery({ number: 20_560, name: 'http' }) }, '172.18.0.2')).toEqual([
      'http tcp 20560:8080',
    ]);
  });

  test('host: discovery labels and VIP_PORT labels of the task come together', () => {
    const labels = [
      { key: 'vip_port0', value: 'tcp://def:80' },
      { key: 'VIP_PORT1', value: 'udp://ghi:53' },
    ];
    const task = {
      labels,
      resources: { ports: '[9999-10000]' },
      discovery: discovery({ number: 9999, name: 'foo', labels: { VIP_1: '/cbd:80', VIP_0: '/abc:80' } }),
    };
    expect(merged(task, '192.0.2.8')).toEqual(['foo tcp -:9999 /abc:80 /cbd:80 def:80', '- udp -:10000 ghi:53']);
  });

  test('overlay: the container port, on its network, without a host port', () => {
    const scope = { 'network-scope': 'container', 'network-name': 'dcos' };
    expect(merged({ discovery: discovery({ number: 8080, labels: scope }) }, '9.0.1.2')).toEqual([
      'default tcp -:8080',
    ]);
  });

  test('ports numbered 0 and of other protocols are dropped', () => {
    const ports = discovery({ number: 0 }, { number: 5, protocol: 'sctp' }, { number: 6, protocol: 'UDP' });
    expect(merged({ discovery: ports }, '9.0.1.2')).toEqual(['default udp -:6']);
  });

  test('a VIP_PORT label past the last host port costs only itself', () => {
    const problems: string[] = [];
    const labels = [
      { key: 'VIP_PORT0', value: 'tcp://a:80' },
      { key: 'VIP_PORT7', value: 'tcp://b:80' },
      { key: 'VIP_PORT1', value: 'b:80' },
    ];
    expect(merged({ labels, resources: { ports: '[9-10]' } }, '9.0.1.2', problems)).toEqual(['- tcp 9:- a:80']);
    expect(problems).toEqual([
      'frameworks[0].tasks[0].labels.VIP_PORT7 (id "a"): expected the number of one of its 2 host ports, got 7',
      'frameworks[0].tasks[0].labels.VIP_PORT1 (id "a"): expected tcp:// or udp:// and label:port, got "b:80"',
    ]);
  });

  test('a virtual address that cannot be read is named by its label', () => {
    const problems: string[] = [];
    expect(merged({ discovery: discovery({ number: 80, labels: { VIP_0: 'foo' } }) }, '9.0.1.2', problems)).toEqual([
      'default tcp -:80',
    ]);
    expect(problems).toEqual([
      'frameworks[0].tasks[0].discovery.ports.ports[0].labels.VIP_0 (id "a"): expected label:port or address:port with a port from 1 to 65535, got "foo"',
    ]);
  });
});
