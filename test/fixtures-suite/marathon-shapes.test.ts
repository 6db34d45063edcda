// Marathon's and Marathon-LB's own examples, which are not ours to copy: read in place. Where the tasks of each shape are
// reached stands in a table under golden/ (dcos-l4lb-marathon.md 4); UPDATE=1 rewrites the tables.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HttpClient } from '../../src/sources/http.ts';
import { readMarathonApps } from '../../src/sources/marathon-apps.ts';
import { EVENT_TIMES, MarathonEvents } from '../../src/sources/marathon-events.ts';
import { readMarathonPods } from '../../src/sources/marathon-pods.ts';
import type { Reading } from '../../src/sources/reading.ts';
import type { Run } from '../sources/marathon-endpoints.ts';
import { endpointTable, runningApp, runningPod } from '../sources/marathon-endpoints.ts';
import { MarathonStandIn } from '../stand-ins/marathon.ts';

const folder = process.env.PORTOLAN_FIXTURES;

if (folder) {
  const read = <T = Record<string, unknown>>(name: string) =>
    JSON.parse(readFileSync(join(folder, 'marathon', `${name}.json`), 'utf8')) as T;

  /** Addresses of the hosts that the examples give by name. */
  const HOSTS: Readonly<Record<string, string>> = {
    'srv2.example.com': '192.0.2.12',
    'srv4.example.com': '192.0.2.14',
    'srv7.hw.ca1.mesosphere.com': '192.0.2.17',
    'agent1.mesos': '192.0.2.21',
  };
  const options = { resolve: (host: string) => [HOSTS[host] ?? expect.unreachable(host)] };
  const appsOf = (...apps: unknown[]): Reading => readMarathonApps({ apps }, options);

  const HOST: Run = { hostPorts: [31_000] };
  const BRIDGE: Run = { hostPorts: [31_000], addresses: ['172.17.0.2'] };
  const OVERLAY: Run = { addresses: ['9.0.1.2'] };
  const TWO_NETWORKS: Run = { addresses: ['9.0.1.2', '9.1.1.2'] };

  /** Definitions of apps, and what their tasks are given when they are run. */
  const DEFINITIONS: Readonly<Record<string, Run>> = {
    '1-nginx': BRIDGE,
    '1-nginx-marathon1.5': BRIDGE,
    'api-app': BRIDGE,
    'api-app-check-http-example': HOST,
    'migration-01-old': OVERLAY,
    'migration-02-new': OVERLAY,
    'migration-03-new': OVERLAY,
    'migration-04-new': TWO_NETWORKS,
    'migration-05-new': BRIDGE,
    'migration-06-user-net-old': OVERLAY,
    'migration-07-user-net-new': OVERLAY,
    'migration-08-user-net-multi': TWO_NETWORKS,
    'migration-09-bridge-net-old': BRIDGE,
    'migration-10-bridge-net-new': BRIDGE,
    'migration-11-host-net-old': HOST,
    'migration-12-host-net-new': HOST,
  };

  /** Definitions of pods likewise. */
  const PODS: Readonly<Record<string, Run>> = {
    'api-pod': { hostPorts: [31_000], addresses: ['9.0.1.2'] },
    'pod-productpage': { hostPorts: [31_180], addresses: ['9.0.6.2'] },
    'sys-pods-container-bridge-pod': { hostPorts: [31_000], addresses: ['172.31.254.2'] },
    'sys-pods-container-net-pod': OVERLAY,
    'sys-pods-ephemeral-volume-pod': HOST,
    'sys-pods-persistent-volume-pod': { hostPorts: [31_000, 31_001] },
    'sys-pods-ports-pod': { hostPorts: [31_000, 31_001] },
    'sys-pods-private-docker-pod': HOST,
    'sys-pods-simple-pod': HOST,
    'sys-pods-test-pod': { hostPorts: [31_000, 31_001] },
  };

  interface Group {
    readonly apps: readonly { readonly id: string }[];
    readonly groups: readonly Group[];
  }
  const appsOfGroup = ({ apps, groups }: Group): readonly { readonly id: string }[] => [
    ...apps,
    ...groups.flatMap(appsOfGroup),
  ];
  const lastOf = ({ id }: { readonly id: string }) => id.split('/').at(-1)!;
  interface Tasks {
    readonly tasks: readonly { readonly appId: string }[];
  }

  /** Answers of Marathon, and tasks put to the apps that they belong to. */
  const ANSWERS: Readonly<Record<string, () => Reading>> = {
    zdd_apps: () => appsOf(...read<{ apps: unknown[] }>('zdd_apps').apps),
    zdd_app_blue: () => appsOf(...read<{ apps: unknown[] }>('zdd_app_blue').apps),
    'zdd_app_blue_marathon1.5': () => appsOf(...read<{ apps: unknown[] }>('zdd_app_blue_marathon1.5').apps),
    marathon15_apps: () => appsOf(...read<{ apps: unknown[] }>('marathon15_apps').apps),
    'app-show-spark-host-multiport-vips': () => appsOf(read('app-show-spark-host-multiport-vips')),
    'api-app_list': () =>
      appsOf(
        ...read<{ apps: object[] }>('api-app_list').apps.map((app) => runningApp(app, { hostPorts: [31_000, 31_001] })),
      ),
    'api-apps_create': () =>
      appsOf(...read<{ id: string }[]>('api-apps_create').map((app) => runningApp(app, HOST, lastOf(app)))),
    'api-group': () => {
      const runs: Readonly<Record<string, Run>> = { '/tools/docker/registry': BRIDGE };
      return appsOf(
        ...appsOfGroup(read<Group>('api-group')).map((app) => runningApp(app, runs[app.id] ?? HOST, lastOf(app))),
      );
    },
    'api-tasks': () => {
      const { tasks } = read<Tasks>('api-tasks');
      const apps = [...appsOfGroup(read<Group>('api-group')), { id: '/frontend-foosball', ports: [10_019] }];
      return appsOf(...apps.map((app) => ({ ...app, tasks: tasks.filter(({ appId }) => appId === app.id) })));
    },
    'api-app_tasks': () => appsOf({ id: '/minecraft/survival-world', ...read<Tasks>('api-app_tasks') }),
    'task-multiple-ips': () => {
      const app = { ...read('migration-08-user-net-multi'), id: '/my/app' };
      const task = read('task-multiple-ips');
      return appsOf({ ...app, tasks: [task, { ...task, id: `${task.id}.running`, state: 'TASK_RUNNING' }] });
    },
    'pod-productpage-status': () => readMarathonPods([read('pod-productpage-status')], options),
  };

  const SHAPES: readonly (readonly [string, () => Reading])[] = [
    ...Object.entries(DEFINITIONS).map(([name, run]) => [name, () => appsOf(runningApp(read(name), run))] as const),
    ...Object.entries(PODS).map(
      ([name, run]) => [name, () => readMarathonPods([runningPod(read(name), run)], options)] as const,
    ),
    ...Object.entries(ANSWERS),
  ];

  describe('where the tasks of a shape are reached', () => {
    it.each(SHAPES)('%s', (name, reading) => {
      const table = endpointTable(reading());
      const path = join(import.meta.dirname, 'golden', `${name}.txt`);
      if (process.env.UPDATE === '1') writeFileSync(path, table);
      expect(table).toBe(readFileSync(path, 'utf8'));
    });

    it('is asked of every shape there is', () => {
      // One task by itself as in api-app_tasks, changes to apps, and what is no app, pod or task at all.
      const others = [
        'api-app_task',
        'api-app_patch',
        'api-apps_patch',
        'api-deployment_steps',
        'api-deployments',
        'api-info',
        'api-queue',
      ];
      const files = readdirSync(join(folder, 'marathon')).filter(
        (name) => name.endsWith('.json') && !name.startsWith('article-'),
      );
      expect([...SHAPES.map(([name]) => name), ...others].map((name) => `${name}.json`).sort()).toEqual(files.sort());
    });
  });

  describe('the old and the new shape of an app are reached at the same places', () => {
    const rows = (app: object, run: Run) => endpointTable(appsOf(runningApp(app, run)));

    it.each([
      ['migration-01-old', 'migration-02-new'],
      ['migration-06-user-net-old', 'migration-07-user-net-new'],
      ['migration-09-bridge-net-old', 'migration-10-bridge-net-new'],
      ['migration-11-host-net-old', 'migration-12-host-net-new'],
      ['1-nginx', '1-nginx-marathon1.5'],
    ])('%s and %s', (old, now) => {
      expect(DEFINITIONS[old]).toEqual(DEFINITIONS[now]);
      expect(rows(read(old), DEFINITIONS[old]!)).toBe(rows(read(now), DEFINITIONS[now]!));
    });

    interface NewShape {
      readonly networks: readonly { readonly mode: string; readonly name?: string }[];
      readonly container: {
        readonly docker?: object;
        readonly portMappings?: readonly Readonly<Record<string, unknown>>[];
      };
    }

    /** A new shape with one network as Marathon 1.4 had it; for UCR the ports stood in `ipAddress.discovery`. */
    function oldShape({ networks: [network], container, ...rest }: NewShape): object {
      const { portMappings, docker } = container;
      const ipAddress = network!.mode === 'container' ? { networkName: network!.name } : undefined;
      if (!docker) {
        const ports = portMappings!.map(({ containerPort, ...port }) => ({ number: containerPort, ...port }));
        return { ...rest, ipAddress: { ...ipAddress, discovery: { ports } } };
      }
      const mode = { host: 'HOST', 'container/bridge': 'BRIDGE', container: 'USER' }[network!.mode];
      return {
        ...rest,
        ipAddress,
        container: { ...container, portMappings: undefined, docker: { ...docker, network: mode, portMappings } },
      };
    }

    it.each(['02-new', '03-new', '05-new', '07-user-net-new', '10-bridge-net-new', '12-host-net-new'])(
      'migration-%s and what it was',
      (name) => {
        const now = read<object>(`migration-${name}`) as NewShape;
        const run = DEFINITIONS[`migration-${name}`]!;
        expect(rows(oldShape(now), run)).toBe(rows(now, run));
      },
    );
  });

  describe('events/', () => {
    const events = readdirSync(join(folder, 'marathon', 'events'))
      .filter((name) => name !== 'sse-sample.json')
      .map((name) => read<{ eventType: string }>(`events/${name.slice(0, -5)}`));
    /** Those of 4.5 that are worth listening to. */
    const hints = [
      'status_update_event instance_changed_event instance_health_changed_event health_status_changed_event api_post_event',
      'app_terminated_event pod_created_event pod_updated_event pod_deleted_event deployment_success deployment_failed',
      'group_change_success unknown_instance_terminated_event event_stream_attached',
    ].flatMap((line) => line.split(' '));

    it('those that tell of tasks are hints, and no others', async () => {
      const marathon = await MarathonStandIn.start();
      const settings = { connectTimeout: 5_000, timeout: 60_000, maxBody: 2 ** 20 };
      const client = new HttpClient({ settings, secret: () => '', isKnown: () => true, now: Date.now });
      let heard = 0;
      let wake = () => {};
      const stream = new MarathonEvents({
        client,
        urls: [marathon.url],
        onHint: () => {
          heard++;
          wake();
        },
        onAttached: () => {},
        onLost: () => {},
        now: Date.now,
        times: EVENT_TIMES,
      });
      try {
        stream.start();
        await marathon.streams(1);
        // Sent to all, as by a Marathon that cannot filter. One that is a hint in any case marks the end.
        for (const event of [...events, { eventType: 'status_update_event' }])
          marathon.emitRaw(`event: ${event.eventType}\ndata: ${JSON.stringify(event)}\n\n`);
        // The stream itself counts, too, and so does the first event on it.
        const expected = 2 + events.filter(({ eventType }) => hints.includes(eventType)).length + 1;
        while (heard < expected) await new Promise<void>((resolve) => (wake = resolve));
        await stream.stop();
        expect(heard).toBe(expected);
        expect(hints.filter((type) => !events.some(({ eventType }) => eventType === type))).toEqual([]);
      } finally {
        await stream.stop();
        await client.close();
        await marathon.stop();
      }
    });
  });
} else {
  it("without PORTOLAN_FIXTURES Marathon's examples are not there to be read", () => {
    expect(folder).toBeUndefined();
  });
}
