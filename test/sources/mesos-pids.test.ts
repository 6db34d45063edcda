// Pids of frameworks beside events that have none.
import { describe, expect, it } from 'vitest';
import { FrameworkPids } from '../../src/sources/mesos-pids.ts';

const framework = (id: string) => ({ framework_info: { id: { value: id }, name: id } });
const subscribed = (...ids: string[]) => ({
  type: 'SUBSCRIBED',
  subscribed: {
    heartbeat_interval_seconds: 15,
    get_state: { get_agents: {}, get_frameworks: { frameworks: ids.map(framework) } },
  },
});

function make(summary: () => unknown) {
  const events: unknown[] = [];
  const pids = new FrameworkPids(
    async () => summary(),
    (event) => events.push(event),
  );
  return { pids, events };
}

describe('FrameworkPids', () => {
  it('gives each framework its pid and changes nothing else', async () => {
    const { pids, events } = make(() => ({ frameworks: [{ id: 'F', pid: 's@192.0.2.5:1' }, { id: 'H' }] }));
    await pids.read();
    const { subscribed: told } = subscribed('F', 'H');
    expect(pids.complete(subscribed('F', 'H'))).toEqual({
      type: 'SUBSCRIBED',
      subscribed: {
        ...told,
        get_state: {
          ...told.get_state,
          get_frameworks: { frameworks: [{ ...framework('F'), pid: 's@192.0.2.5:1' }, framework('H')] },
        },
      },
    });
    const other = { type: 'TASK_ADDED', task_added: {} };
    expect(pids.complete(other)).toBe(other);
    expect(events).toEqual([]);
    pids.stop();
  });

  it('tells of a framework whose pid became known or another, as of an update', async () => {
    let frameworks: object[] = [];
    const { pids, events } = make(() => ({ frameworks }));
    pids.complete(subscribed('F', 'G'));
    frameworks = [{ id: 'F', pid: 's@192.0.2.5:1' }];
    await pids.read();
    await pids.read();
    expect(events).toEqual([
      { type: 'FRAMEWORK_UPDATED', framework_updated: { framework: { ...framework('F'), pid: 's@192.0.2.5:1' } } },
    ]);
  });

  it('forgets a framework that was removed', async () => {
    const { pids, events } = make(() => ({ frameworks: [{ id: 'F', pid: 's@192.0.2.5:1' }] }));
    pids.complete(subscribed('F'));
    pids.complete({ type: 'FRAMEWORK_REMOVED', framework_removed: { framework_info: { id: { value: 'F' } } } });
    await pids.read();
    expect(events).toEqual([]);
  });

  it.each([undefined, [], { frameworks: 'x' }, { frameworks: [null, { id: 1, pid: 2 }] }])(
    'takes %j for a summary without pids',
    async (summary) => {
      const { pids } = make(() => summary);
      await pids.read();
      expect(pids.complete(subscribed('F'))).toEqual(subscribed('F'));
    },
  );

  it('keeps the pids when the summary cannot be read', async () => {
    let isDown = false;
    const { pids, events } = make(() => {
      if (isDown) throw new Error('down');
      return { frameworks: [{ id: 'F', pid: 's@192.0.2.5:1' }] };
    });
    await pids.read();
    pids.complete(subscribed('F'));
    isDown = true;
    await pids.read();
    expect(events).toEqual([]);
    expect(JSON.stringify(pids.complete(subscribed('F')))).toContain('s@192.0.2.5:1');
  });
});
