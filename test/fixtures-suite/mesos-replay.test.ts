// A recorded stream of the operator API and the tasks that dcos-net's own tests assert for it, which are not ours to copy:
// read in place, and told by a stand-in master over HTTP.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Task } from '../../src/model/task.ts';
import { taskKey } from '../../src/model/task.ts';
import { LastGood } from '../../src/sources/last-good.ts';
import { RecordIoDecoder } from '../../src/sources/recordio.ts';
import type { Fields } from '../sources/mesos-sample.ts';
import { start } from '../sources/mesos-sample.ts';
import type { RecordingSink } from '../sources/recording-sink.ts';
import type { Chunking } from '../stand-ins/mesos-master.ts';
import { frame, MesosMasterStandIn, pieces, whole } from '../stand-ins/mesos-master.ts';

const folder = process.env.PORTOLAN_FIXTURES;

if (folder) {
  const NAME = 'operator-api.json';
  const read = (name: string) => readFileSync(join(folder, 'dcos', name), 'utf8');
  const events = read(NAME)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Fields);
  const expected = JSON.parse(read('expected-tasks.json'))[NAME] as Readonly<Record<string, Fields>>;

  const ending: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });

  /** Lets a source follow a master that tells this state and then these events. @returns the tasks after the last one */
  async function tasksAfter(getState: Fields, more: readonly Fields[], chunking: Chunking): Promise<readonly Task[]> {
    const standIn = await MesosMasterStandIn.start();
    ending.push(() => standIn.stop());
    standIn.getState = getState;
    standIn.chunking = chunking;
    const { source, sink } = await start({ masters: [standIn.address] });
    ending.push(() => source.stop());
    await standIn.streams(1);
    for (const event of more) standIn.send(event);
    // The last word, so that we know that all before it was heard.
    standIn.send({
      type: 'AGENT_ADDED',
      agent_added: { agent: { agent_info: { id: { value: 'last' }, hostname: '192.0.2.99' } } },
    });
    await sink.until(
      (report) => report.kind === 'change' && report.change.agents?.some(({ id }) => id === 'last') === true,
    );
    return tasksOf(sink);
  }

  function tasksOf(sink: RecordingSink): readonly Task[] {
    const good = new LastGood('replay');
    for (const report of sink.reports) {
      if (report.kind === 'snapshot') good.replace(report.cluster);
      else if (report.kind === 'change') good.apply(report.change);
      else throw new Error(report.message);
    }
    return good.cluster().tasks;
  }

  /** A task in the form in which the expected ones are written. */
  function asserted(task: Task): Fields {
    const fields = {
      name: task.discovery?.name ?? task.name,
      runtime: task.runtime,
      framework: task.framework.name,
      agentIp: task.agent.addresses[0],
      taskIps: task.addresses.filter(({ origin }) => origin === 'netinfo').map(({ ip }) => ip),
      ports: task.ports.map(({ name, protocol, containerPort, hostPort }) => ({
        name,
        protocol,
        hostPort,
        // dcos-net has one port where the host's is the only one.
        port: containerPort ?? hostPort,
      })),
      state: task.state,
      healthy: task.healthy,
    };
    return JSON.parse(JSON.stringify({ ...fields, ports: fields.ports.length > 0 ? fields.ports : undefined }));
  }
  const byId = (tasks: readonly Task[]) => Object.fromEntries(tasks.map((task) => [task.id, asserted(task)]));

  const [subscribed, ...others] = events;
  const firstState = (subscribed!.subscribed as Fields).get_state as Fields;

  describe(NAME, () => {
    it('holds 38 events and leads to as many tasks as are expected', () => {
      expect(events).toHaveLength(38);
      expect(Object.keys(expected).length).toBeGreaterThan(10);
    });

    it('is cut into the same records by every chunking, from one octet to the whole stream', () => {
      const stream = Buffer.concat(events.map(frame));
      for (let size = 1; size <= stream.length; size++) {
        const decoder = new RecordIoDecoder(stream.length);
        const records = pieces(size)(stream).flatMap((piece) => decoder.push(piece));
        const isSame = records.length === events.length && Buffer.concat(records.map(framed)).equals(stream);
        // One assertion a size would take longer than the decoding.
        if (!isSame || decoder.isMidRecord) expect.fail(`pieces of ${size} octets give other records`);
      }
    });

    it.each([1, 2, 3, 5, 7, 11, 13, 64, 1000, 1460, 4096, 65_536])(
      'told in pieces of %i octets gives expected-tasks.json',
      async (size) => {
        expect(byId(await tasksAfter(firstState, others, pieces(size)))).toEqual(expected);
      },
    );

    it('told in whole records gives expected-tasks.json', async () => {
      expect(byId(await tasksAfter(firstState, others, whole))).toEqual(expected);
    });

    it('told as one state gives the same', async () => {
      expect(byId(await tasksAfter(mergedState(firstState, others), [], whole))).toEqual(expected);
    });

    it('leads to the very same tasks either way', async () => {
      const inEvents = await tasksAfter(firstState, others, pieces(1));
      const atOnce = await tasksAfter(mergedState(firstState, others), [], whole);
      const sorted = (tasks: readonly Task[]) => tasks.toSorted((a, b) => (taskKey(a) < taskKey(b) ? -1 : 1));
      expect(sorted(atOnce)).toEqual(sorted(inEvents));
    });
  });
} else {
  it("without PORTOLAN_FIXTURES the recorded stream of dcos-net's tests is not there to replay", () => {
    expect(folder).toBeUndefined();
  });
}

const framed = (record: Buffer) => Buffer.concat([Buffer.from(`${record.length}\n`), record]);
const list = (value: unknown) => (value ?? []) as Fields[];
const textOfId = (id: unknown) => (id as Fields).value;

/** What GET_STATE would have told after the events: each task with all its statuses. */
function mergedState(first: Fields, events: readonly Fields[]): Fields {
  const { get_agents, get_frameworks, get_tasks } = first as Readonly<Record<string, Fields>>;
  const agents = list(get_agents?.agents).slice();
  const frameworks = new Map(list(get_frameworks?.frameworks).map((each) => [frameworkId(each), each]));
  const tasks = new Map(list(get_tasks?.tasks).map((each) => [textOfId(each.task_id), each]));
  for (const event of events) {
    const body = event[String(event.type).toLowerCase()] as Readonly<Record<string, Fields>>;
    switch (event.type) {
      case 'AGENT_ADDED':
        agents.push(body.agent!);
        break;
      case 'FRAMEWORK_ADDED':
      case 'FRAMEWORK_UPDATED':
        frameworks.set(frameworkId(body.framework!), body.framework!);
        break;
      case 'TASK_ADDED':
        tasks.set(textOfId(body.task!.task_id), body.task!);
        break;
      case 'TASK_UPDATED': {
        const task = tasks.get(textOfId(body.status!.task_id))!;
        const statuses = [...list(task.statuses), body.status!];
        tasks.set(textOfId(task.task_id), { ...task, state: body.state, statuses });
        break;
      }
    }
  }
  return {
    get_agents: { agents },
    get_frameworks: { frameworks: [...frameworks.values()] },
    get_tasks: { tasks: [...tasks.values()] },
  };
}

function frameworkId({ framework_info }: Fields): unknown {
  return textOfId((framework_info as Fields).id);
}
