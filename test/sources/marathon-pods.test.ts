// Marathon's pods: a task for each container, where its endpoints are reached, and the verdict on its health
// (dcos-l4lb-marathon.md 4.4).
import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/model/task.ts';
import type { MarathonAppsOptions } from '../../src/sources/marathon-apps.ts';
import { readMarathonPods } from '../../src/sources/marathon-pods.ts';
import { vipText } from '../../src/sources/vip.ts';

interface Shape {
  readonly networks?: readonly object[];
  readonly endpoints?: readonly object[];
  readonly healthCheck?: object;
}

/** The task of a pod of one container, of which one instance runs. */
function taskOf(spec: Shape, status: object = {}, instance: object = {}, options: MarathonAppsOptions = {}): Task {
  const { networks = [{ mode: 'host' }], endpoints = [], healthCheck } = spec;
  const { cluster } = readMarathonPods(
    [
      {
        id: '/prod/pod',
        spec: {
          networks,
          labels: { pod: '1', of: 'pod' },
          containers: [{ name: 'c', endpoints, healthCheck, labels: { of: 'container' } }],
        },
        instances: [
          {
            id: 'prod_pod.instance-1',
            agentHostname: '192.0.2.1',
            agentId: 'S1',
            containers: [{ name: 'c', status: 'TASK_RUNNING', containerId: 'prod_pod.instance-1.c', ...status }],
            ...instance,
          },
        ],
      },
    ],
    options,
  );
  expect(cluster.tasks).toHaveLength(1);
  return cluster.tasks[0]!;
}

/** Name, protocol, host port, container port, networks and virtual addresses of each port. */
const portLines = ({ ports }: Task) =>
  ports.map(({ name, protocol, hostPort = '-', containerPort = '-', networks = [], vips = [] }) =>
    [name, protocol, `${hostPort}:${containerPort}`, ...networks, ...vips.map(vipText)].join(' '),
  );
const discoveryLines = (task: Task) =>
  task.discovery!.ports.map(({ name, number, protocol }) => `${name} ${number} ${protocol}`);

test('a container is a task as Mesos has it: its id, its name, and the name of the pod to be found by', () => {
  expect(taskOf({}, {}, {}, { framework: 'mom', frameworkId: '0001' })).toEqual({
    id: 'prod_pod.instance-1.c',
    name: 'c',
    framework: { id: '0001', name: 'mom', active: true, host: '', port: undefined, addresses: [] },
    agent: {
      id: 'S1',
      hostname: '192.0.2.1',
      host: '192.0.2.1',
      port: undefined,
      addresses: ['192.0.2.1'],
      labels: undefined,
    },
    state: 'running',
    healthy: undefined,
    ready: true,
    discovery: { name: 'pod.prod', ports: [] },
    addresses: [{ ip: '192.0.2.1', origin: 'netinfo', network: undefined }],
    hostPorts: [],
    ports: [],
    labels: { pod: '1', of: 'container' },
    app: '/prod/pod',
    runtime: 'mesos',
    weight: undefined,
  });
});

describe('endpoints', () => {
  test('in host mode: at the port that was given, by name and not by order', () => {
    const endpoints = [
      { name: 'a', containerPort: null, hostPort: 0, protocol: ['tcp'] },
      { name: 'b', hostPort: 0, protocol: ['udp', 'tcp'] },
    ];
    const task = taskOf(
      { endpoints },
      {
        endpoints: [
          { name: 'b', allocatedHostPort: 31_001 },
          { name: 'a', allocatedHostPort: 31_000 },
        ],
      },
    );
    expect(portLines(task)).toEqual(['a tcp -:31000', 'b udp -:31001', 'b tcp -:31001']);
    expect(discoveryLines(task)).toEqual(['a 31000 tcp', 'b 31001 udp', 'b 31001 tcp']);
    expect(task.hostPorts).toEqual([31_000, 31_001]);
  });

  test('in bridge mode: at the host port where one was asked for, else only behind the agent', () => {
    const endpoints = [
      { name: 'a', containerPort: 80, hostPort: 0, protocol: ['tcp'], labels: { VIP_0: '/pod:80' } },
      { name: 'b', containerPort: 81, protocol: ['tcp'] },
    ];
    const task = taskOf(
      { networks: [{ mode: 'container/bridge' }], endpoints },
      { endpoints: [{ name: 'a', allocatedHostPort: 31_000 }, { name: 'b' }] },
      { networks: [{ name: 'mesos-bridge', addresses: ['172.31.254.4'] }] },
    );
    expect(portLines(task)).toEqual(['a tcp 31000:80 /pod:80', 'b tcp -:81']);
    expect(task.addresses).toEqual([{ ip: '172.31.254.4', origin: 'netinfo', network: 'mesos-bridge' }]);
  });

  test('on networks: at the address in the network, or at the host port', () => {
    const networks = ['first', 'second'].map((name) => ({ mode: 'container', name }));
    const endpoints = [
      { name: 'a', containerPort: 80, protocol: ['tcp'], networkNames: ['second'] },
      { name: 'b', containerPort: 81, hostPort: 0, protocol: ['tcp'] },
    ];
    const task = taskOf(
      { networks, endpoints },
      { endpoints: [{ name: 'b', allocatedHostPort: 31_000 }, { name: 'a' }] },
      {
        networks: [
          { name: 'second', addresses: ['9.1.0.1', '2001:db8::1'] },
          { name: 'first', addresses: ['9.0.0.1'] },
        ],
      },
    );
    expect(portLines(task)).toEqual(['a tcp -:80 second', 'b tcp 31000:81']);
    expect(task.addresses.map(({ ip, network }) => `${network} ${ip}`)).toEqual([
      'second 9.1.0.1',
      'second 2001:db8::1',
      'first 9.0.0.1',
    ]);
  });

  test('that have no host port yet are not there yet', () => {
    expect(
      portLines(taskOf({ endpoints: [{ name: 'a', hostPort: 0, protocol: ['tcp'] }] }, { status: 'TASK_STAGING' })),
    ).toEqual([]);
  });
});

describe('health', () => {
  const checked = {
    healthCheck: { http: { endpoint: 'a' } },
    endpoints: [{ name: 'a', hostPort: 0, protocol: ['tcp'] }],
  };
  const condition = (value: string, reason: string) => ({ conditions: [{ name: 'healthy', value, reason }] });

  test.each([
    ['at the endpoint: true', { endpoints: [{ name: 'a', healthy: true }] }, true],
    ['at the endpoint: false', { endpoints: [{ name: 'a', healthy: false }, { name: 'b' }] }, false],
    ['no verdict yet', { endpoints: [{ name: 'a' }], ...condition('false', 'health-unreported-by-mesos') }, false],
    ['of a command: true', condition('true', 'health-reported-by-mesos'), true],
    ['of a command: false', condition('false', 'health-reported-by-mesos'), false],
  ])('%s', (_, status, healthy) => {
    expect(taskOf(checked, status).healthy).toBe(healthy);
  });

  test('without a verdict the last one stays', () => {
    const keys: string[] = [];
    const wasHealthy = (key: string) => keys.push(key) > 0;
    expect(taskOf(checked, {}, {}, { wasHealthy }).healthy).toBe(true);
    expect(keys).toEqual(['marathon/prod_pod.instance-1.c']);
  });

  test('without a check there is none', () => {
    expect(taskOf({}, { endpoints: [{ name: 'a', healthy: false }] }).healthy).toBeUndefined();
  });
});

describe('what is odd or in between', () => {
  const read = (document: unknown) => readMarathonPods(document);

  test('an instance that waits for an offer is no task', () => {
    expect(
      read([{ id: '/p', spec: {}, instances: [{ id: 'p.1', status: 'PENDING', containers: [{ name: 'c' }] }] }]).cluster
        .tasks,
    ).toEqual([]);
  });

  test('a container of the version before has no endpoints, as it is declared no more', () => {
    const instances = [
      {
        id: 'p.1',
        agentHostname: '192.0.2.1',
        containers: [{ name: 'old', status: 'TASK_RUNNING', containerId: 'p.1.old' }],
      },
    ];
    const { cluster, problems } = read([{ id: '/p', spec: { containers: [{ name: 'new' }] }, instances }]);
    expect(cluster.tasks).toMatchObject([{ id: 'p.1.old', name: 'old', ports: [], state: 'running' }]);
    expect(problems).toEqual([]);
  });

  test('what is wrong is named and costs only itself', () => {
    const { cluster, problems } = read([
      7,
      {
        id: '/p',
        spec: {
          containers: [
            { name: 'c', endpoints: [{ name: 'e', hostPort: 0, protocol: ['http'], labels: { VIP_0: 'x' } }] },
          ],
        },
        instances: [
          {
            agentHostname: '192.0.2.1',
            networks: [{ addresses: ['nope'] }],
            containers: [null, { name: 'c', status: 'TASK_RUNNING', containerId: 'p.1.c' }],
          },
        ],
      },
    ]);
    expect(cluster.tasks.map(({ id }) => id)).toEqual(['p.1.c']);
    expect(problems).toEqual([
      { where: 'pods[0]', why: 'expected a pod status, an object with an id; it is left out' },
      {
        where: 'pods[1].spec.containers[0].endpoints[0].protocol (id "/p")',
        why: 'expected "tcp", "udp" or "udp,tcp", got "http"',
      },
      {
        where: 'pods[1].spec.containers[0].endpoints[0].labels.VIP_0 (id "/p")',
        why: 'expected label:port or address:port with a port from 1 to 65535, got "x"',
      },
      {
        where: 'pods[1].instances[0].networks[0].addresses (id "/p")',
        why: 'expected an IP address, got "nope"; it is left out',
      },
      { where: 'pods[1].instances[0].containers[0] (id "/p")', why: 'expected an object with a name; it is left out' },
    ]);
  });

  test.each([null, {}, { message: 'no' }, 'x'])('%j is no answer', (document) => {
    expect(() => read(document)).toThrow('expected a list of pod statuses');
  });

  test('the status of one pod is read like a list of it', () => {
    expect(read({ id: '/p', spec: {}, instances: [] }).cluster.frameworks).toHaveLength(1);
  });
});
