// Marathon's and Marathon-LB's examples: the old and the new shape of an app declare the same, and real answers are read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readMarathonApp } from '../../src/sources/marathon-app.ts';
import { readMarathonApps } from '../../src/sources/marathon-apps.ts';

const fixtures = process.env.PORTOLAN_FIXTURES;

if (fixtures) {
  const read = (name: string) =>
    JSON.parse(readFileSync(join(fixtures, 'marathon', `${name}.json`), 'utf8')) as Record<string, unknown>;
  const declared = (name: string) => {
    const { mode, networks, ports, runtime } = readMarathonApp('/app', read(name), () => expect.unreachable());
    return { mode, networks, ports, runtime };
  };

  describe("Marathon's migration pairs", () => {
    test.each([
      ['migration-01-old', 'migration-02-new', 'container'],
      ['migration-06-user-net-old', 'migration-07-user-net-new', 'container'],
      ['migration-09-bridge-net-old', 'migration-10-bridge-net-new', 'bridge'],
      ['migration-11-host-net-old', 'migration-12-host-net-new', 'host'],
      ['1-nginx', '1-nginx-marathon1.5', 'bridge'],
    ])('%s declares what %s declares', (old, now, mode) => {
      expect(declared(old)).toEqual(declared(now));
      expect(declared(now).mode).toBe(mode);
      expect(declared(now).ports).toHaveLength(1);
    });

    test('several networks: each port on its own', () => {
      expect(declared('migration-08-user-net-multi')).toMatchObject({
        networks: ['first', 'second'],
        ports: [
          { name: 'web', containerPort: 80, networks: ['first'], takesHostPort: false },
          { name: 'admin', containerPort: 81, networks: ['second'], takesHostPort: false },
        ],
      });
    });
  });

  describe('answers of Marathon', () => {
    const tasksOf = (document: unknown) => {
      const { cluster, problems } = readMarathonApps(document);
      expect(problems).toEqual([]);
      return cluster.tasks;
    };

    test('Marathon 1.4, bridge mode without states: running, healthy, at their host ports', () => {
      const tasks = tasksOf(read('zdd_apps'));
      expect(tasks.map(({ name, state, healthy }) => [name, state, healthy])).toEqual([
        ...Array(3).fill(['nginx-green', 'running', true]),
        ['nginx-blue', 'running', true],
      ]);
      expect(
        tasks.map(({ ports }) =>
          ports.map(({ hostPort, containerPort, servicePort }) => [hostPort, containerPort, servicePort]),
        ),
      ).toEqual([
        [[16_916, 8080, 10_000]],
        [[31_184, 8080, 10_000]],
        [[23_336, 8080, 10_000]],
        [[25_724, 8080, 10_001]],
      ]);
      expect(new Set(tasks.map(({ agent }) => agent.id)).size).toBe(2);
    });

    test('Marathon 1.5, bridge mode', () => {
      expect(tasksOf(read('marathon15_apps'))).toMatchObject([
        {
          name: 'pywebserver',
          hostPorts: [1565],
          ports: [{ name: 'test', hostPort: 1565, containerPort: 80, servicePort: 10_101 }],
        },
      ]);
    });

    test('host mode with three virtual addresses', () => {
      expect(tasksOf({ apps: [read('app-show-spark-host-multiport-vips')] })).toMatchObject([
        {
          healthy: true,
          ports: [
            { name: 'dispatcher', containerPort: 21_515, vips: [{ label: 'dispatcher.spark', port: 7077 }] },
            { name: 'dispatcher-ui', containerPort: 21_516, vips: [{ label: 'dispatcher.spark', port: 4040 }] },
            { name: 'dispatcher-proxy', containerPort: 21_517, vips: [{ label: 'dispatcher.spark', port: 80 }] },
          ],
        },
      ]);
    });

    test('a task with two addresses, still staging', () => {
      const task = read('task-multiple-ips');
      expect(tasksOf({ apps: [{ id: task.appId, tasks: [task] }] })).toMatchObject([
        { name: 'app.my', state: 'preparing', addresses: [{ ip: '123.123.123.123' }, { ip: '123.123.123.124' }] },
      ]);
    });
  });
} else {
  test('third-party fixtures are not given (PORTOLAN_FIXTURES is unset)', () => {
    expect(process.env.PORTOLAN_FIXTURES).toBeUndefined();
  });
}
