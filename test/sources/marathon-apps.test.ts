// Marathon's apps: the networking modes in old and new shape, the allocation of host ports, the ready rule, and the same
// tasks as Mesos tells (dcos-l4lb-marathon.md 4.1 to 4.3).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/model/task.ts';
import { readMarathonApps } from '../../src/sources/marathon-apps.ts';
import { readMesosStateText } from '../../src/sources/mesos-state.ts';
import { vipText } from '../../src/sources/vip.ts';

const fixture = (path: string) => readFileSync(new URL(`../fixtures/${path}`, import.meta.url));
const definition = (name: string) => JSON.parse(fixture(`marathon/${name}.json`).toString()) as Record<string, unknown>;

/** One task of the app on 192.0.2.1. */
function taskOf(app: Record<string, unknown>, task: Record<string, unknown> = {}, options = {}): Task {
  const running = { id: 'a.1', host: '192.0.2.1', state: 'TASK_RUNNING', ...task };
  return readMarathonApps({ apps: [{ id: '/a', ...app, tasks: [running] }] }, options).cluster.tasks[0]!;
}

/** The task's ports, each as one line: name, protocol, host port, container port, service port, virtual addresses. */
function portLines(task: Task): string[] {
  return task.ports.map(
    ({ name, protocol, hostPort = '-', containerPort = '-', servicePort = '-', vips = [], networks = [] }) =>
      [name, protocol, `${hostPort}:${containerPort}`, servicePort, ...vips.map(vipText), ...networks].join(' '),
  );
}

const discoveryLines = (task: Task) =>
  task.discovery!.ports.map(({ name, number, protocol }) => `${name} ${number} ${protocol}`);

describe("the article's app", () => {
  test('bridge mode comes out as Mesos tells the very same tasks', () => {
    const mesos = readMesosStateText(fixture('article/state.json')).cluster;
    const tasks = mesos.tasks.map(({ id, agent, hostPorts, addresses }) => ({
      id,
      host: agent.host,
      slaveId: agent.id,
      state: 'TASK_RUNNING',
      ports: hostPorts,
      ipAddresses: addresses.map(({ ip }) => ({ ipAddress: ip, protocol: 'IPv4' })),
    }));
    const { cluster, problems } = readMarathonApps({ apps: [{ ...definition('article-httpi-bridge-vip'), tasks }] });
    expect(problems).toEqual([]);
    const comparable = ({ id, name, agent, state, discovery, addresses, hostPorts, ports }: Task) => ({
      ...{ id, name, state, discovery, addresses, hostPorts },
      agent: [agent.id, ...agent.addresses],
      // The Mesos task of the fixture does not tell its port mappings, which are where the container port would be, and no
      // Mesos task tells how its app numbers its ports.
      ports: ports.map(({ containerPort, index, ...port }) => port),
    });
    expect(cluster.tasks.map(comparable)).toEqual(mesos.tasks.map(comparable));
  });

  test('host mode: the task listens at the port that it was given', () => {
    const task = taskOf(definition('article-httpi-host'), {
      ports: [13_977],
      ipAddresses: [{ ipAddress: '192.0.2.1' }],
    });
    expect(portLines(task)).toEqual(['http tcp -:13977 -']);
    expect(task).toMatchObject({ name: 'httpi', app: '/httpi', runtime: 'docker', hostPorts: [13_977] });
    expect(discoveryLines(task)).toEqual(['http 13977 tcp']);
  });

  test('overlay: the container port at its own address', () => {
    const task = taskOf(definition('article-httpi-overlay-vip-haproxy'), {
      ports: [],
      ipAddresses: [{ ipAddress: '9.0.2.130' }],
    });
    expect(portLines(task)).toEqual(['http tcp -:3141 - /httpi:3141 dcos']);
    expect(task.addresses).toEqual([{ ip: '9.0.2.130', origin: 'netinfo', network: 'dcos' }]);
    expect(task.labels).toMatchObject({ HAPROXY_GROUP: 'external' });
    expect(discoveryLines(task)).toEqual(['http 3141 tcp']);
  });
});

describe('ports', () => {
  const bridge = (...portMappings: unknown[]) => ({
    networks: [{ mode: 'container/bridge' }],
    container: { portMappings },
  });

  test('host ports go to the declared ports that take one, in order', () => {
    const app = {
      networks: [{ mode: 'container', name: 'dcos' }],
      container: {
        portMappings: [
          { containerPort: 1, name: 'a' },
          { containerPort: 2, hostPort: 0, name: 'b' },
          { containerPort: 3, hostPort: 7, name: 'c' },
        ],
      },
    };
    expect(portLines(taskOf(app, { ports: [31_002, 7] }))).toEqual([
      'a tcp -:1 - dcos',
      'b tcp 31002:2 -',
      'c tcp 7:3 -',
    ]);
  });

  test('both protocols share one host port', () => {
    const task = taskOf(bridge({ containerPort: 53, protocol: 'udp,tcp', name: 'dns' }), { ports: [31_000] });
    expect(portLines(task)).toEqual(['dns udp 31000:53 -', 'dns tcp 31000:53 -']);
    expect(discoveryLines(task)).toEqual(['dns 31000 udp', 'dns 31000 tcp']);
  });

  test('a container port of 0 is the host port; without one Mesos is told 0, and there is no port', () => {
    expect(portLines(taskOf(bridge({ containerPort: 0 }), { ports: [31_000] }))).toEqual(['default tcp 31000:31000 -']);
    const overlay = taskOf({ networks: [{ mode: 'container', name: 'dcos' }] }, { ports: [] });
    expect(discoveryLines(overlay)).toEqual(['default 0 tcp']);
    expect(overlay.ports).toEqual([]);
  });

  test('a task that is not active yet has no host ports', () => {
    const task = taskOf(bridge({ containerPort: 80 }), { state: 'TASK_STAGING', ports: [] });
    expect(task.ports).toEqual([]);
    expect(task.state).toBe('preparing');
  });

  test('one discovery port for each network', () => {
    const networks = [{ name: 'first' }, { name: 'second' }];
    const portMappings = [
      { containerPort: 80, name: 'web' },
      { containerPort: 81, name: 'admin', networkNames: ['second'] },
    ];
    const task = taskOf(
      { networks, container: { portMappings } },
      { ipAddresses: [{ ipAddress: '9.0.1.1' }, { ipAddress: '9.1.1.1' }] },
    );
    expect(discoveryLines(task)).toEqual(['web 80 tcp', 'web 80 tcp', 'admin 81 tcp']);
    expect(portLines(task)).toEqual(['web tcp -:80 - first second', 'admin tcp -:81 - second']);
    expect(task.addresses.map(({ network }) => network)).toEqual(['first', 'second']);
  });

  test('each knows its place in the declaration, whatever is left out before it', () => {
    const portMappings = [{ containerPort: 0 }, { containerPort: 53, protocol: 'udp,tcp' }, { containerPort: 80 }];
    const task = taskOf({ networks: [{ name: 'dcos' }], container: { portMappings } });
    expect(task.ports.map(({ index, containerPort, protocol }) => `${index} ${containerPort} ${protocol}`)).toEqual([
      '1 53 udp',
      '1 53 tcp',
      '2 80 tcp',
    ]);
  });

  test('service ports: of the mapping, else of portDefinitions, else of ports', () => {
    expect(
      portLines(taskOf(bridge({ containerPort: 1, servicePort: 10_000 }, { containerPort: 2 }), { ports: [7, 8] })),
    ).toEqual(['default tcp 7:1 10000', 'default tcp 8:2 -']);
    const old = { ports: [10_001], container: { docker: { network: 'BRIDGE', portMappings: [{ containerPort: 1 }] } } };
    expect(portLines(taskOf(old, { ports: [7] }))).toEqual(['default tcp 7:1 10001']);
    expect(portLines(taskOf({ portDefinitions: [{ port: 10_002, name: 'x' }] }, { ports: [7] }))).toEqual([
      'x tcp -:7 10002',
    ]);
  });

  test('nothing declared means one port, an empty list none', () => {
    expect(portLines(taskOf({}, { ports: [7] }))).toEqual(['default tcp -:7 -']);
    expect(portLines(taskOf({ portDefinitions: [] }, { ports: [] }))).toEqual([]);
  });

  test('UCR of Marathon 1.4: ports of ipAddress.discovery', () => {
    const ipAddress = { networkName: 'dcos', discovery: { ports: [{ number: 8080, name: 'api', protocol: 'tcp' }] } };
    expect(portLines(taskOf({ ipAddress }, { ipAddresses: [{ ipAddress: '9.0.1.1' }] }))).toEqual([
      'api tcp -:8080 - dcos',
    ]);
  });
});

describe('names, health and readiness', () => {
  test('the name is the path from its end', () => {
    expect(
      readMarathonApps({ apps: [{ id: '/prod/web/api', tasks: [{ id: 't', host: '192.0.2.1' }] }] }).cluster.tasks[0],
    ).toMatchObject({
      name: 'api.web.prod',
      discovery: { name: 'api.web.prod' },
      framework: { name: 'marathon' },
      state: 'running',
    });
  });

  const checked = { healthChecks: [{ protocol: 'HTTP' }] };
  test.each([
    [[{ alive: true }], true],
    [[{ alive: true }, { alive: false }], false],
    [[], false],
    [undefined, false],
  ])('results %j: healthy is %s', (healthCheckResults, healthy) => {
    expect(taskOf(checked, { healthCheckResults }).healthy).toBe(healthy);
  });

  test('no results keep the last verdict (they are missing after a change of leader)', () => {
    const keys: string[] = [];
    const wasHealthy = (key: string) => keys.push(key) > 0;
    expect(taskOf(checked, { healthCheckResults: [] }, { wasHealthy }).healthy).toBe(true);
    expect(keys).toEqual(['marathon/a.1']);
  });

  test('without checks there is no verdict', () => {
    expect(taskOf({}, { healthCheckResults: [{ alive: false }] }).healthy).toBeUndefined();
  });

  test('a readiness check that has not passed', () => {
    expect(taskOf({ readinessCheckResults: [{ taskId: 'a.1', ready: false }] }).ready).toBe(false);
    expect(taskOf({ readinessCheckResults: [{ taskId: 'a.2', ready: false }] }).ready).toBe(true);
  });

  test('a host given by name keeps its host ports until it has an address', () => {
    const task = { host: 'agent.example.org', ports: [7] };
    expect(portLines(taskOf({}, task))).toEqual(['default tcp 7:- -']);
    const resolve = () => ['192.0.2.9'];
    expect(portLines(taskOf({}, task, { resolve }))).toEqual(['default tcp -:7 -']);
    expect(taskOf({}, task, { resolve }).addresses.map(({ ip }) => ip)).toEqual(['192.0.2.9']);
  });
});

describe('what is odd costs only itself', () => {
  test('apps and tasks without what is needed', () => {
    const { cluster, problems } = readMarathonApps({
      apps: [
        null,
        { id: '' },
        { id: '/ok', tasks: [{ id: 'x' }, { id: 't', host: '192.0.2.1', ipAddresses: [{ ipAddress: 'nope' }] }] },
      ],
    });
    expect(cluster.tasks.map(({ id }) => id)).toEqual(['t']);
    expect(problems).toEqual([
      { where: 'apps[0]', why: 'expected an app, an object with an id; it is left out' },
      { where: 'apps[1]', why: 'expected an app, an object with an id; it is left out' },
      { where: 'apps[2].tasks[0] (id "/ok")', why: 'expected an object with an id and a host; the task is left out' },
      {
        where: 'apps[2].tasks[1].ipAddresses[0] (id "/ok")',
        why: 'expected an IP address, got "nope"; it is left out',
      },
    ]);
  });

  test('an answer that was asked without the tasks says so', () => {
    expect(readMarathonApps({ apps: [{ id: '/a', tasksRunning: 2 }] }).problems).toEqual([
      { where: 'apps', why: '1 of them have running tasks that are not in the answer; ask with ?embed=apps.tasks' },
    ]);
  });

  test.each([null, [], {}, { apps: {} }])('%j is no answer', (document) => {
    expect(() => readMarathonApps(document)).toThrow('expected an object with a list "apps"');
  });
});
