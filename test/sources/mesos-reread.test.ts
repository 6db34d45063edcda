// A /state document that is read again: what is as it was keeps its objects, all else is read as if for the first time.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonError } from '../../src/sources/json.ts';
import { MesosStateReader, readMesosStateText } from '../../src/sources/mesos-state.ts';
import { generateState } from './generate-state.ts';

interface TaskDocument {
  readonly id: string;
  readonly [field: string]: unknown;
}

function task(id: string, fields: Readonly<Record<string, unknown>> = {}): TaskDocument {
  return { id, name: 'web', state: 'TASK_RUNNING', slave_id: 'S1', statuses: [], ...fields };
}

interface Parts {
  readonly tasks: readonly unknown[];
  readonly agentPid?: string;
  readonly framework?: string;
}

function text({ tasks, agentPid = 'slave(1)@192.0.2.1:5051', framework = 'marathon' }: Parts): Buffer {
  return Buffer.from(
    JSON.stringify({
      leader: 'master@192.0.2.9:5050',
      frameworks: [{ id: 'F1', name: framework, tasks }],
      slaves: [
        { id: 'S1', hostname: 'one.example.org', pid: agentPid },
        { id: 'S2', hostname: 'two.example.org', pid: 'slave(1)@192.0.2.2:5051' },
      ],
    }),
  );
}

/** Reads two documents one after another; what comes of the second is what a first reading of it gives. */
function readTwice(first: Buffer, second: Buffer) {
  const reader = new MesosStateReader();
  const before = reader.read(first);
  const after = reader.read(second);
  expect(after).toEqual(readMesosStateText(second));
  return { before: before.cluster, after: after.cluster, problems: [before.problems, after.problems] };
}

/** For each task of the second reading, the place in the first of the object that it is; -1 for a new one. */
function kept({ before, after }: ReturnType<typeof readTwice>): number[] {
  return after.tasks.map((task) => before.tasks.indexOf(task));
}

describe('a /state document that is read again', () => {
  test('gives the same tasks, agents and frameworks when nothing changed', () => {
    const document = text({ tasks: [task('a'), task('b', { slave_id: 'S2' })] });
    const readings = readTwice(document, Buffer.from(document));
    expect(kept(readings)).toEqual([0, 1]);
    expect(readings.after.agents.map((agent) => readings.before.agents.indexOf(agent))).toEqual([0, 1]);
    expect(readings.after.frameworks[0]).toBe(readings.before.frameworks[0]);
  });

  test('gives a new task where one changed, and the same ones around it', () => {
    const readings = readTwice(
      text({ tasks: [task('a'), task('b'), task('c')] }),
      text({ tasks: [task('a'), task('b', { state: 'TASK_KILLING' }), task('c')] }),
    );
    expect(kept(readings)).toEqual([0, -1, 2]);
    expect(readings.after.tasks[1]!.state).toBe('killing');
  });

  test('sees a change that leaves the text as long as it was', () => {
    const readings = readTwice(text({ tasks: [task('a1'), task('b1')] }), text({ tasks: [task('a1'), task('b2')] }));
    expect(kept(readings)).toEqual([0, -1]);
    expect(readings.after.tasks[1]!.id).toBe('b2');
  });

  test('keeps a task of which only what is not used changed', () => {
    const at = (timestamp: number) => task('a', { statuses: [{ state: 'TASK_RUNNING', timestamp }] });
    expect(kept(readTwice(text({ tasks: [at(1)] }), text({ tasks: [at(2)] })))).toEqual([0]);
  });

  test('finds the same tasks behind those that came, went and changed places', () => {
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((id) => task(id));
    const tasks = [a, b, c, d];
    expect(kept(readTwice(text({ tasks }), text({ tasks: [a, c, d] })))).toEqual([0, 2, 3]);
    expect(kept(readTwice(text({ tasks }), text({ tasks: [a, e, b, c, d] })))).toEqual([0, -1, 1, 2, 3]);
    expect(kept(readTwice(text({ tasks }), text({ tasks: [d, c, b, a] })))).toEqual([3, 2, 1, 0]);
    expect(kept(readTwice(text({ tasks }), text({ tasks: [] })))).toEqual([]);
  });

  test('makes the tasks of an agent that changed anew, and no others', () => {
    const tasks = [task('a'), task('b', { slave_id: 'S2' })];
    const readings = readTwice(text({ tasks }), text({ tasks, agentPid: 'slave(1)@192.0.2.77:5051' }));
    expect(kept(readings)).toEqual([-1, 1]);
    expect(readings.after.tasks[0]!.agent.addresses).toEqual(['192.0.2.77']);
  });

  test('makes the tasks of a framework that changed anew', () => {
    const tasks = [task('a')];
    const readings = readTwice(text({ tasks }), text({ tasks, framework: 'chronos' }));
    expect(kept(readings)).toEqual([-1]);
    expect(readings.after.tasks[0]!.framework.name).toBe('chronos');
  });

  test('leaves tasks out whose agent is gone, and has them again when it is back', () => {
    const tasks = [task('a', { slave_id: 'S3' }), task('b')];
    const withAgent = Buffer.from(text({ tasks }).toString().replace('"id":"S2"', '"id":"S3"'));
    const reader = new MesosStateReader();
    expect(reader.read(withAgent).cluster.tasks.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(reader.read(text({ tasks })).problems).toEqual([
      { where: 'slaves', why: 'no agent has the id S3; 1 of its tasks left out, the first is "a"' },
    ]);
    expect(reader.read(withAgent)).toEqual(readMesosStateText(withAgent));
  });

  test('repeats what is wrong with a task that is as it was, at the place that it has now', () => {
    const odd = task('odd', { resources: { ports: '31000' } });
    const { problems, ...readings } = readTwice(text({ tasks: [task('a'), odd] }), text({ tasks: [odd] }));
    expect(kept({ ...readings, problems })).toEqual([1]);
    const where = problems.map((ofReading) => ofReading.map((problem) => problem.where));
    expect(where[0]).toEqual(Array(2).fill('frameworks[0].tasks[1].resources.ports (id "odd")'));
    expect(where[1]).toEqual(Array(2).fill('frameworks[0].tasks[0].resources.ports (id "odd")'));
  });

  test('goes on from the last good text when one was cut short', () => {
    const tasks = [task('a'), task('b')];
    const reader = new MesosStateReader();
    const before = reader.read(text({ tasks }));
    expect(() => reader.read(text({ tasks }).subarray(0, -1))).toThrow(JsonError);
    const after = reader.read(text({ tasks }));
    expect(after).toEqual(before);
    expect(after.cluster.tasks[0]).toBe(before.cluster.tasks[0]);
  });

  test('takes no number for the longer one that it begins', () => {
    const list = (element: number) => text({ tasks: [element] });
    expect(readTwice(list(12), list(123)).after.tasks).toEqual([]);
  });

  test('is read as if for the first time, whatever changed in between (property)', () => {
    const state = generateState({ tasks: 40, seed: 5 }).toString();
    const edit = fc.record({ at: fc.nat(state.length - 1), length: fc.nat(40), put: fc.constantFrom('', '7', 'x') });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const edited = edits.reduce(
          (now, { at, length, put }) => now.slice(0, at) + put + now.slice(at + length),
          state,
        );
        const reader = new MesosStateReader();
        reader.read(Buffer.from(state));
        expect(outcome(() => reader.read(Buffer.from(edited)))).toEqual(
          outcome(() => readMesosStateText(Buffer.from(edited))),
        );
        expect(reader.read(Buffer.from(state))).toEqual(readMesosStateText(Buffer.from(state)));
      }),
      { numRuns: 200 },
    );
  });
});

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return String(error);
  }
}
