// Portolan's own task format: what it means in the model, what its problems say, and its JSON Schema.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readTasksFile } from '../../src/sources/tasks-file.ts';
import { tasksFile } from '../../src/sources/tasks-schema.ts';

const read = (document: unknown, options = {}) => readTasksFile(JSON.stringify(document), options);
const problemsOf = (document: unknown) => read(document).problems.map(({ where, why }) => `${where}: ${why}`);

describe('a file of tasks', () => {
  test('the smallest: a name, a host and a port', () => {
    const { cluster, problems } = read({ tasks: [{ name: 'web', host: '192.0.2.10', ports: [8080] }] });
    expect(problems).toEqual([]);
    expect(cluster.tasks).toEqual([
      {
        id: 'web.192.0.2.10',
        name: 'web',
        framework: { id: 'local', name: 'local', active: true, host: '', addresses: [] },
        agent: { id: '192.0.2.10', hostname: '192.0.2.10', host: '192.0.2.10', addresses: ['192.0.2.10'] },
        state: 'running',
        ready: true,
        discovery: { name: 'web', ports: [{ number: 8080, name: '', protocol: 'tcp' }] },
        addresses: [{ ip: '192.0.2.10', origin: 'netinfo' }],
        hostPorts: [8080],
        ports: [{ protocol: 'tcp', containerPort: 8080 }],
        labels: {},
      },
    ]);
  });

  test('the fullest', () => {
    const { cluster, problems } = read({
      $schema: 'tasks.schema.json',
      framework: 'home',
      tasks: [
        {
          name: 'web',
          framework: 'prod',
          id: 'web-1',
          host: '192.0.2.10',
          addresses: ['10.0.0.5', '2001:DB8::5'],
          ports: [
            {
              name: 'http',
              port: 80,
              hostPort: 31_000,
              servicePort: 8000,
              vip: ['/api:80', '192.0.2.99:80'],
              labels: { a: '1' },
            },
          ],
          vip: '/web:80',
          state: 'killing',
          healthy: false,
          ready: false,
          weight: 0.5,
          app: '/prod/web',
          labels: { owner: 'me' },
        },
      ],
    });
    expect(problems).toEqual([]);
    expect(cluster.tasks[0]).toMatchObject({
      ...{
        id: 'web-1',
        state: 'killing',
        healthy: false,
        ready: false,
        weight: 0.5,
        app: '/prod/web',
        labels: { owner: 'me' },
      },
      framework: { name: 'prod' },
      addresses: [{ ip: '10.0.0.5' }, { ip: '2001:db8::5' }],
      hostPorts: [31_000],
      discovery: { ports: [{ number: 80, name: 'http', protocol: 'tcp' }] },
    });
    expect(cluster.tasks[0]!.ports).toEqual([
      {
        ...{
          name: 'http',
          protocol: 'tcp',
          containerPort: 80,
          hostPort: 31_000,
          servicePort: 8000,
          labels: { a: '1' },
        },
        vips: [
          { kind: 'named', label: '/api', port: 80 },
          { kind: 'named', label: '/web', port: 80 },
          { kind: 'literal', ip: '192.0.2.99', port: 80 },
        ],
      },
    ]);
  });

  test('without a host the first address stands for one', () => {
    expect(read({ tasks: [{ name: 'a', addresses: ['192.0.2.5'] }] }).cluster.agents).toMatchObject([
      { id: '192.0.2.5', addresses: ['192.0.2.5'] },
    ]);
  });

  test('ids that are made do not depend on other tasks; given ones must be unique', () => {
    const web = (host: string) => ({ name: 'web', host });
    const ids = (...tasks: unknown[]) => read({ tasks }).cluster.tasks.map(({ id }) => id);
    expect(ids(web('192.0.2.1'), web('192.0.2.2'), web('192.0.2.2'))).toEqual([
      'web.192.0.2.1',
      'web.192.0.2.2',
      'web.192.0.2.2.2',
    ]);
    expect(ids(web('192.0.2.2'))).toEqual(['web.192.0.2.2']);
    const twice = read({
      tasks: [
        { ...web('192.0.2.1'), id: 'x' },
        { ...web('192.0.2.2'), id: 'x' },
      ],
    });
    expect(twice.cluster.tasks).toHaveLength(1);
    expect(twice.problems[0]!.why).toBe('another task of the framework has the id "x"; the task is left out');
  });

  test('a host given by name has the addresses that are known of it', () => {
    const file = { tasks: [{ name: 'a', host: 'nas.example.org', ports: [80] }] };
    expect(read(file).cluster.tasks[0]).toMatchObject({ addresses: [], ports: [{ hostPort: 80 }] });
    const resolve = () => ['192.0.2.7'];
    expect(read(file, { resolve }).cluster.tasks[0]).toMatchObject({
      addresses: [{ ip: '192.0.2.7' }],
      ports: [{ containerPort: 80 }],
    });
  });
});

describe('its problems', () => {
  test('a task that cannot be used costs only itself, and its place is named', () => {
    const text =
      '{\n "tasks": [\n  {"name": "web", "host": "192.0.2.1", "ports": [{"port": "8080"}]},\n  {"name": "ok", "host": "192.0.2.1"}\n ]\n}';
    const { cluster, problems } = readTasksFile(text);
    expect(cluster.tasks.map(({ name }) => name)).toEqual(['ok']);
    expect(problems).toEqual([
      {
        where: 'line 3, column 59: tasks[0].ports[0].port',
        why: 'expected a port number from 1 to 65535, got "8080"; the task is left out',
      },
    ]);
  });

  test.each([
    [{ host: '192.0.2.1' }, 'tasks[0].name: expected a text, got nothing'],
    [{ name: '', host: '192.0.2.1' }, 'tasks[0].name: expected a text that is not empty, got ""'],
    [{ name: 'a' }, 'tasks[0]: expected "host" or "addresses", got an object'],
    [{ name: 'a', addresses: [] }, 'tasks[0]: expected "host" or "addresses", got an object'],
    [{ name: 'a', addresses: ['nope'] }, 'tasks[0].addresses[0]: expected an IPv4 or IPv6 address, got "nope"'],
    [{ name: 'a', host: 'h', ports: [0] }, 'tasks[0].ports[0]: expected a port number from 1 to 65535, got 0'],
    [
      { name: 'a', host: 'h', ports: [{ port: 70_000 }] },
      'tasks[0].ports[0].port: expected a port number from 1 to 65535, got 70000',
    ],
    [
      { name: 'a', host: 'h', ports: [{ port: 1, protocol: 'sctp' }] },
      'tasks[0].ports[0].protocol: expected "tcp" or "udp", got "sctp"',
    ],
    [
      { name: 'a', host: 'h', vip: 'web' },
      'tasks[0].vip: expected a text such as "/web:80" or "192.0.2.1:80", the port from 1 to 65535, got "web"',
    ],
    [{ name: 'a', host: 'h', healthy: 'yes' }, 'tasks[0].healthy: expected true or false, got "yes"'],
    [{ name: 'a', host: 'h', weight: -1 }, 'tasks[0].weight: expected at least 0, got -1'],
    [null, 'tasks[0]: expected a task, an object with "name", got null'],
  ])('%j', (task, problem) => {
    const { cluster, problems } = read({ tasks: [task, { name: 'ok', host: '192.0.2.1' }] });
    expect(cluster.tasks.map(({ name }) => name)).toEqual(['ok']);
    expect(problems.map(({ where, why }) => `${where.replace(/^line \d+, column \d+: /, '')}: ${why}`)).toEqual([
      `${problem}; the task is left out`,
    ]);
  });

  test('an unknown key costs only itself, and the nearest known one is named', () => {
    const file = {
      framwork: 'x',
      tasks: [{ name: 'a', host: '192.0.2.1', prots: [1], ports: [{ port: 2, nam: 'x' }] }],
    };
    expect(read(file).cluster.tasks[0]!.hostPorts).toEqual([2]);
    expect(problemsOf(file)).toEqual([
      'line 1, column 13: framwork: unknown key; did you mean "framework"?',
      'line 1, column 94: tasks[0].ports[0].nam: unknown key; did you mean "name"?',
      'line 1, column 65: tasks[0].prots: unknown key; did you mean "ports"?',
    ]);
  });

  test.each([
    ['7', 'line 1, column 1: expected an object with a list "tasks", got 7'],
    ['{}', 'line 1, column 1: tasks: expected a list of tasks, got nothing'],
    ['{\n "tasks": {}}', 'line 2, column 11: tasks: expected a list of tasks, got an object'],
    ['{"tasks": [}', 'line 1, column 12: expected a value, got "}"'],
  ])('%j is no file of tasks', (text, message) => {
    expect(() => readTasksFile(text)).toThrow(message);
  });

  test("Marathon's /v2/tasks is told apart", () => {
    expect(problemsOf({ tasks: [{ id: 'a', appId: '/a', host: 'h', ports: [1] }] })[0]).toContain(
      'read /v2/apps?embed=apps.tasks instead',
    );
  });

  test('thousands of bad tasks are told without walking the text for each', () => {
    const { problems } = read({ tasks: Array.from({ length: 5_000 }, () => ({ name: 'a' })) });
    expect(problems).toHaveLength(5_000);
    expect(problems.at(-1)!.where).toBe('tasks[4999]');
  });
});

test('the JSON Schema that is shipped is that of the code (UPDATE=1 rewrites it)', () => {
  const path = new URL('../../src/sources/tasks.schema.json', import.meta.url);
  const text = JSON.stringify(z.toJSONSchema(tasksFile, { io: 'input' }), null, 2);
  // Lists of plain values on one line, as the formatter has them.
  const schema = `${text.replace(/\[\n\s+([^[\]{}]*?)\n\s+\]/g, (_, items: string) => `[${items.replace(/,\n\s+/g, ', ')}]`)}\n`;
  if (process.env.UPDATE) writeFileSync(path, schema);
  expect(readFileSync(path, 'utf8')).toBe(schema);
});
