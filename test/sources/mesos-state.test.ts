// Reading /state documents: the odd entry costs only itself, the streamed reading is the same as the parsed one.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Problem } from '../../src/model/cluster.ts';
import { JsonError } from '../../src/sources/json.ts';
import { readMesosState, readMesosStateText } from '../../src/sources/mesos-state.ts';
import type { Reading } from '../../src/sources/reading.ts';
import { generateState } from './generate-state.ts';

const fixture = (path: string) => readFileSync(new URL(`../fixtures/${path}`, import.meta.url));
const probe = readMesosStateText(fixture('mesos-dns/probe.json'));
const odd = (name: string) => readMesosStateText(fixture(`mesos-dns/odd-${name}.json`));

/** The readings' tasks that differ, by id. */
function changedTasks(reading: Reading): string[] {
  const before = new Map(probe.cluster.tasks.map((task) => [task.id, JSON.stringify(task)]));
  return reading.cluster.tasks.filter((task) => before.get(task.id) !== JSON.stringify(task)).map(({ id }) => id);
}

/** What is complained of beyond the one thing that is wrong in the probe state itself. */
function newProblems(reading: Reading): readonly Problem[] {
  return reading.problems.filter(({ where }) => where !== 'slaves');
}

describe('a /state document with one odd entry (each made the reference fail whole)', () => {
  test('the probe state has one task on an agent that is not listed', () => {
    expect(probe.problems).toEqual([
      { where: 'slaves', why: 'no agent has the id unknown-S9; 1 of its tasks left out, the first is "lostslave.14"' },
    ]);
    expect(probe.cluster.tasks).toHaveLength(132);
    expect(probe.cluster.frameworks.map(({ name }) => name)).toEqual(['marathon', 'marathon', 'Prod.Team_A 1', '']);
  });

  test('an address that is none: only that address is left out', () => {
    const reading = odd('bad-task-ip');
    expect(changedTasks(reading)).toEqual(['web.1']);
    expect(reading.cluster.tasks[0]!.addresses).toEqual([]);
    expect(newProblems(reading)).toEqual([
      {
        where: 'frameworks[0].tasks[0].statuses[].container_status.network_infos[0] (id "web.1")',
        why: 'expected an IP address, got "not-an-ip"; it is left out',
      },
    ]);
  });

  test('a discovery port given as text is read as the number that it spells', () => {
    const reading = odd('discport-string');
    expect(changedTasks(reading)).toEqual([]);
    expect(newProblems(reading)).toHaveLength(1);
    expect(newProblems(reading)[0]!.where).toContain('frameworks[0].tasks[1].discovery.ports.ports[0].number');
    expect(newProblems(reading)[0]!.why).toContain('got the text "8080"; read as 8080');
  });

  test('a framework with an empty pid keeps its hostname and loses its port', () => {
    const reading = odd('fw-empty-pid');
    expect(reading.cluster.frameworks[0]).toMatchObject({ host: '10.0.0.5', addresses: ['10.0.0.5'] });
    expect(reading.cluster.frameworks[0]!.port).toBeUndefined();
    expect(reading.cluster.tasks).toHaveLength(132);
    expect(newProblems(reading)).toEqual([
      { where: 'frameworks[0] (name "marathon")', why: 'pid is empty; its hostname "10.0.0.5" is used' },
    ]);
  });

  test('a leader given by name: no leader, all else stays', () => {
    const reading = odd('leader-hostname');
    expect(reading.cluster.masters).toBeUndefined();
    expect(changedTasks(reading)).toEqual([]);
    expect(newProblems(reading)).toEqual([
      {
        where: 'leader',
        why: 'expected master@address:port, got "master@localhost:15050"; there are no names for the leader',
      },
    ]);
  });

  test('null for the tasks of one framework: the others keep theirs', () => {
    const reading = odd('null-tasks');
    expect(reading.cluster.tasks.map(({ framework }) => framework.id)).toEqual(['fw2', 'fw3']);
    expect(newProblems(reading)).toEqual([
      { where: 'frameworks[0].tasks (name "marathon")', why: 'expected a list, got null' },
    ]);
  });

  test('a range of 65,535 ports is served', () => {
    const reading = odd('ports-huge');
    const { hostPorts } = reading.cluster.tasks[0]!;
    expect(hostPorts).toHaveLength(65_535);
    expect([hostPorts[0], hostPorts.at(-1)]).toEqual([1, 65_535]);
    expect(newProblems(reading)).toEqual([]);
  });

  test('port ranges without brackets are read all the same, and named', () => {
    const reading = odd('ports-nobracket');
    expect(changedTasks(reading)).toEqual([]);
    expect(reading.cluster.tasks[0]!.hostPorts).toEqual([31_000, 31_001]);
    expect(newProblems(reading).map(({ where }) => where)).toEqual([
      'frameworks[0].tasks[0].resources.ports (id "web.1")',
    ]);
  });

  test('an agent without pid is reached by its hostname', () => {
    const reading = odd('slave-no-pid');
    expect(reading.cluster.agents[0]).toMatchObject({ host: '10.0.1.10', addresses: ['10.0.1.10'] });
    expect(reading.cluster.tasks).toHaveLength(132);
    expect(newProblems(reading)).toEqual([
      {
        where: 'slaves[0] (id b1f1d0d0-1111-4222-8333-444455556666-S0)',
        why: 'pid is missing; its hostname "10.0.1.10" is used',
      },
    ]);
  });

  test('an IPv4-mapped address is the IPv4 address', () => {
    const reading = odd('v4mapped');
    expect(reading.cluster.tasks[0]!.addresses).toEqual([{ ip: '9.9.9.9', origin: 'netinfo', network: 'dcos' }]);
    expect(newProblems(reading)).toEqual([]);
  });
});

describe('a /state document', () => {
  test('reads the same from its text as from the parsed tree', () => {
    for (const text of [fixture('mesos-dns/probe.json'), fixture('article/state.json'), generateState({ tasks: 200 })])
      expect(readMesosStateText(text)).toEqual(readMesosState(JSON.parse(text.toString())));
  });

  test('cut short anywhere is an error with its place, never a part of a cluster', () => {
    const text = generateState({ tasks: 3 });
    fc.assert(
      fc.property(fc.nat(text.length - 1), (length) => {
        expect(() => readMesosStateText(text.subarray(0, length))).toThrow(JsonError);
      }),
    );
  });

  test('a fault within a task is named by line and column of the whole text', () => {
    const text = '{"slaves": [],\n "frameworks": [\n  {"id": "f", "tasks": [\n   {"id": "a" "b"}\n  ]}]}';
    expect(() => readMesosStateText(Buffer.from(text))).toThrow(
      'line 4, column 15: expected "," or "}", got "\\"b\\"}"',
    );
  });

  test('lists agents behind the tasks that run on them (Mesos 0.2x)', () => {
    const { slaves, ...rest } = JSON.parse(fixture('article/state.json').toString());
    const swapped = readMesosStateText(Buffer.from(JSON.stringify({ ...rest, slaves })));
    expect(swapped).toEqual(readMesosStateText(fixture('article/state.json')));
  });

  test('skips what is not used without parsing it', () => {
    const reading = readMesosStateText(
      Buffer.from(
        '{"frameworks":[{"id":"f","name":"x","completed_tasks":[{"id":nonsense}],"tasks":[]}],"leader":"m@192.0.2.1:5050"}',
      ),
    );
    expect(reading.cluster.frameworks.map(({ name }) => name)).toEqual(['x']);
  });

  test('takes agents whose tasks wait for them together in one problem', () => {
    const task = (id: string) => ({ id, state: 'TASK_RUNNING', slave_id: 'S9' });
    const reading = readMesosState({
      leader: 'm@192.0.2.1:5050',
      slaves: [],
      frameworks: [{ id: 'f', tasks: [task('a'), task('b')] }],
    });
    expect(reading.cluster.tasks).toEqual([]);
    expect(reading.problems).toEqual([
      { where: 'slaves', why: 'no agent has the id S9; 2 of its tasks left out, the first is "a"' },
    ]);
  });

  test('of a running task the newest TASK_RUNNING status counts, the first on ties (mesos-dns.md 5.3)', () => {
    const status = (state: string, timestamp: number | undefined, ip: string) => ({
      state,
      timestamp,
      container_status: { network_infos: [{ ip_addresses: [{ ip_address: ip }] }] },
    });
    const statuses = [
      status('TASK_RUNNING', undefined, '192.0.2.1'),
      status('TASK_RUNNING', 5, '192.0.2.2'),
      status('TASK_RUNNING', 5, '192.0.2.3'),
      status('TASK_STARTING', 9, '192.0.2.4'),
    ];
    const read = (state: string) =>
      readMesosState({
        leader: 'm@192.0.2.9:5050',
        slaves: [{ id: 'S1', pid: 'slave(1)@192.0.2.8:5051' }],
        frameworks: [{ id: 'f', tasks: [{ id: 'a', state, slave_id: 'S1', statuses }] }],
      }).cluster.tasks[0]!.addresses.map(({ ip }) => ip);
    expect(read('TASK_RUNNING')).toEqual(['192.0.2.2']);
    expect(read('TASK_STAGING')).toEqual(['192.0.2.4']);
  });

  test('takes the addresses that container runtimes set as labels, by their origin', () => {
    const reading = readMesosState({
      leader: 'm@192.0.2.9:5050',
      slaves: [{ id: 'S1', pid: 'slave(1)@192.0.2.8:5051' }],
      frameworks: [
        {
          id: 'f',
          tasks: [
            {
              id: 'a',
              state: 'TASK_RUNNING',
              slave_id: 'S1',
              statuses: [
                {
                  state: 'TASK_RUNNING',
                  labels: [
                    { key: 'Docker.NetworkSettings.IPAddress', value: '192.0.2.1' },
                    { key: 'MesosContainerizer.NetworkSettings.IPAddress', value: '192.0.2.2' },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
    expect(reading.cluster.tasks[0]!.addresses).toEqual([
      { ip: '192.0.2.1', origin: 'docker', network: undefined },
      { ip: '192.0.2.2', origin: 'mesos', network: undefined },
    ]);
  });

  test('keeps the configured masters in order and names one that has no address', () => {
    const reading = readMesosState(
      { leader: 'master@192.0.2.1:5050' },
      { masters: ['192.0.2.2:5050', 'm3:5050', '192.0.2.1:5050'] },
    );
    expect(reading.cluster.masters).toEqual({
      leader: { ip: '192.0.2.1', port: 5050 },
      all: [
        { ip: '192.0.2.2', port: 5050 },
        { ip: '192.0.2.1', port: 5050 },
      ],
    });
    expect(reading.problems).toEqual([
      { where: 'masters[1]', why: 'expected address:port, got "m3:5050"; it is left out' },
    ]);
  });

  test('gives hosts named by name the addresses that are known, and never more', () => {
    const document = { leader: 'm@192.0.2.1:5050', slaves: [{ id: 'S1', pid: 'slave(1)@agent.example.org:5051' }] };
    expect(readMesosState(document).cluster.agents[0]!.addresses).toEqual([]);
    const resolve = (host: string) => (host === 'agent.example.org' ? ['192.0.2.7'] : []);
    expect(readMesosState(document, { resolve }).cluster.agents[0]!.addresses).toEqual(['192.0.2.7']);
  });

  test('the article: five tasks of httpi, each with its virtual address at its host port', () => {
    const { tasks } = readMesosStateText(fixture('article/state.json')).cluster;
    expect(tasks.map(({ ports }) => ports)).toEqual(
      [9896, 26186, 8584, 7143, 14666].map((hostPort) => [
        expect.objectContaining({ name: 'http', hostPort, vips: [{ kind: 'named', label: '/httpi', port: 3141 }] }),
      ]),
    );
  });
});
