// The operator API's events: held-back tasks, merging of updates, what goes when an agent or framework goes.
import { describe, expect, test } from 'vitest';
import { MesosView } from '../../src/sources/mesos-view.ts';

const id = (value: string) => ({ value });
const agent = (name: string, ip = '192.0.2.8') => ({
  agent_info: { id: id(name), hostname: ip, port: 5051 },
  pid: `slave(1)@${ip}:5051`,
});
const framework = (name: string, active = true) => ({
  framework_info: { id: id(name), name: `${name}-name`, hostname: '192.0.2.5' },
  active,
});
const task = (name: string, more: Record<string, unknown> = {}) => ({
  task_id: id(name),
  framework_id: id('F'),
  agent_id: id('S1'),
  name,
  state: 'TASK_STAGING',
  discovery: { name, ports: { ports: [{ number: 80, name: 'http', protocol: 'tcp' }] } },
  ...more,
});
const updated = (name: string, state: string, status: Record<string, unknown> = {}) => ({
  type: 'TASK_UPDATED',
  task_updated: {
    framework_id: id('F'),
    state,
    status: { task_id: id(name), agent_id: id('S1'), timestamp: 1, ...status },
  },
});
const subscribed = (state: Record<string, unknown>) => ({
  type: 'SUBSCRIBED',
  subscribed: { get_state: state, heartbeat_interval_seconds: 15 },
});
const network = (ip: string) => ({
  container_status: { network_infos: [{ name: 'dcos', ip_addresses: [{ ip_address: ip }] }] },
});

const start = () => {
  const view = new MesosView();
  view.apply(
    subscribed({
      get_agents: { agents: [agent('S1')] },
      get_frameworks: { frameworks: [framework('F')] },
      get_tasks: {},
    }),
  );
  return view;
};

describe('MesosView', () => {
  test('a task waits for its framework and its agent, then comes out', () => {
    const view = new MesosView();
    expect(view.apply(subscribed({}))).toEqual({ kind: 'snapshot', problems: [] });
    expect(view.apply({ type: 'TASK_ADDED', task_added: { task: task('a') } }).kind).toBe('nothing');
    expect(view.apply({ type: 'AGENT_ADDED', agent_added: { agent: agent('S1') } })).toMatchObject({
      change: { agents: [{ id: 'S1' }], tasks: [] },
    });
    const update = view.apply({ type: 'FRAMEWORK_ADDED', framework_added: { framework: framework('F') } });
    expect(update).toMatchObject({
      change: { tasks: [{ id: 'a', framework: { name: 'F-name' }, agent: { id: 'S1' } }] },
    });
    expect(view.cluster().tasks).toHaveLength(1);
  });

  test("an update's own state counts, not its status's; what it does not say stays", () => {
    const view = start();
    view.apply({
      type: 'TASK_ADDED',
      task_added: { task: task('a', { labels: { labels: [{ key: 'k', value: 'v' }] } }) },
    });
    view.apply(updated('a', 'TASK_RUNNING', { state: 'TASK_STARTING', healthy: true, ...network('9.0.1.2') }));
    view.apply(updated('a', 'TASK_KILLING', { state: 'TASK_RUNNING', container_status: { network_infos: [] } }));
    expect(view.cluster().tasks[0]).toMatchObject({
      state: 'killing',
      healthy: true,
      addresses: [{ ip: '9.0.1.2', origin: 'netinfo', network: 'dcos' }],
      ports: [{ name: 'http', containerPort: 80 }],
      discovery: { name: 'a' },
      labels: { k: 'v' },
    });
  });

  test('a checked task is unhealthy until its first result', () => {
    const view = start();
    view.apply({ type: 'TASK_ADDED', task_added: { task: task('a', { health_check: { type: 'HTTP' } }) } });
    expect(view.cluster().tasks[0]!.healthy).toBe(false);
    view.apply(updated('a', 'TASK_RUNNING'));
    expect(view.cluster().tasks[0]!.healthy).toBe(false);
    view.apply(updated('a', 'TASK_RUNNING', { healthy: true }));
    expect(view.cluster().tasks[0]!.healthy).toBe(true);
  });

  test.each(['FINISHED', 'FAILED', 'KILLED', 'LOST', 'ERROR', 'DROPPED', 'GONE', 'GONE_BY_OPERATOR'])(
    'TASK_%s removes the task',
    (state) => {
      const view = start();
      view.apply({ type: 'TASK_ADDED', task_added: { task: task('a') } });
      expect(view.apply(updated('a', `TASK_${state}`))).toMatchObject({
        kind: 'change',
        change: { removedTasks: ['F/a'], tasks: [] },
      });
      expect(view.cluster().tasks).toEqual([]);
    },
  );

  test.each(['STAGING', 'STARTING', 'UNREACHABLE', 'UNKNOWN'])('TASK_%s counts as preparing', (state) => {
    const view = start();
    view.apply({ type: 'TASK_ADDED', task_added: { task: task('a', { state: `TASK_${state}` }) } });
    expect(view.cluster().tasks[0]!.state).toBe('preparing');
  });

  test('tasks of a removed agent are held back until it returns', () => {
    const view = start();
    view.apply({ type: 'TASK_ADDED', task_added: { task: task('a') } });
    expect(view.apply({ type: 'AGENT_REMOVED', agent_removed: { agent_id: id('S1') } })).toMatchObject({
      change: { removedAgents: ['S1'], removedTasks: ['F/a'] },
    });
    expect(view.apply({ type: 'AGENT_ADDED', agent_added: { agent: agent('S1', '192.0.2.9') } })).toMatchObject({
      change: { tasks: [{ id: 'a', agent: { addresses: ['192.0.2.9'] } }] },
    });
  });

  test('tasks of a removed framework are gone for good', () => {
    const view = start();
    view.apply({ type: 'TASK_ADDED', task_added: { task: task('a') } });
    view.apply({ type: 'FRAMEWORK_REMOVED', framework_removed: { framework_info: { id: id('F') } } });
    view.apply({ type: 'FRAMEWORK_ADDED', framework_added: { framework: framework('F') } });
    expect(view.cluster().tasks).toEqual([]);
  });

  test('a framework that changes takes its tasks along, one that does not moves nothing', () => {
    const view = start();
    view.apply({ type: 'TASK_ADDED', task_added: { task: task('a') } });
    expect(view.apply({ type: 'FRAMEWORK_UPDATED', framework_updated: { framework: framework('F') } }).kind).toBe(
      'nothing',
    );
    expect(
      view.apply({ type: 'FRAMEWORK_UPDATED', framework_updated: { framework: framework('F', false) } }),
    ).toMatchObject({
      change: { frameworks: [{ active: false }], tasks: [{ framework: { active: false } }] },
    });
  });

  test('agents that a new master expects back are known until they come', () => {
    const view = new MesosView();
    const recovered_agents = [{ id: id('S1') }, { id: id('S2') }];
    view.apply(subscribed({ get_agents: { recovered_agents } }));
    expect([...view.recoveredAgents]).toEqual(['S1', 'S2']);
    view.apply({ type: 'AGENT_ADDED', agent_added: { agent: agent('S1') } });
    view.apply({ type: 'AGENT_REMOVED', agent_removed: { agent_id: id('S2') } });
    expect([...view.recoveredAgents]).toEqual([]);
  });

  test('heartbeats and unknown events move nothing; what is no event is a problem', () => {
    const view = start();
    expect(view.apply({ type: 'HEARTBEAT' })).toEqual({ kind: 'nothing', problems: [] });
    expect(view.apply({ type: 'SOMETHING_NEW', something_new: {} })).toEqual({ kind: 'nothing', problems: [] });
    expect(view.apply([]).problems).toEqual([{ where: 'type', why: 'expected the type of an event, got nothing' }]);
    expect(view.apply({ type: 'TASK_ADDED' }).problems).toHaveLength(1);
  });

  test('host names that became known move their agent and its tasks', () => {
    let addresses: readonly string[] = [];
    const view = new MesosView({ resolve: () => addresses });
    const named = { agent_info: { id: id('S1'), hostname: 'agent.example.org' } };
    const state = {
      get_agents: { agents: [named] },
      get_frameworks: { frameworks: [framework('F')] },
      get_tasks: { launched_tasks: [task('a')] },
    };
    view.apply({ type: 'GET_STATE', get_state: state });
    expect(view.cluster().agents[0]!.addresses).toEqual([]);
    addresses = ['192.0.2.7'];
    expect(view.resolveAgain()).toMatchObject({
      agents: [{ addresses: ['192.0.2.7'] }],
      tasks: [{ id: 'a' }],
      frameworks: [],
    });
    expect(view.resolveAgain()).toMatchObject({ agents: [], tasks: [] });
  });
});
