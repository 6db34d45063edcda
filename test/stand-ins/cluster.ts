// A small cluster that moves: two Mesos masters of which one leads, a Marathon of its own framework, and the truth of which
// tasks run, told by events as real ones do. For the scenario of failures, and for the demo of a live cluster.
import { MarathonStandIn } from './marathon.ts';
import { getStateOf } from './mesos-forms.ts';
import { MesosMasterStandIn } from './mesos-master.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface RunningTask {
  readonly id: string;
  readonly app: string;
  /** Its own address. */
  readonly ip: string;
  readonly port: number;
  /** Number of its agent. */
  readonly agent: number;
  healthy?: boolean;
}

const AGENTS = 6;
const agentIp = (number: number): string => `192.0.2.${10 + number}`;

/** The framework of the tasks that only Mesos tells of, and of those that only Marathon tells of. */
export const FRAMEWORKS = { mesos: 'marathon', marathon: 'apps' } as const;

export class ClusterStandIn {
  readonly masters: readonly MesosMasterStandIn[];
  readonly marathon: MarathonStandIn;
  /** By id; the truth. */
  readonly tasks = new Map<string, RunningTask>();
  /** Apps that Marathon tells of: their tasks, by app. */
  readonly apps = new Map<string, RunningTask[]>();
  /** Number of the master that leads. */
  leads = 0;
  #count = 0;

  private constructor(masters: readonly MesosMasterStandIn[], marathon: MarathonStandIn) {
    this.masters = masters;
    this.marathon = marathon;
    marathon.frameworkName = FRAMEWORKS.marathon;
    marathon.frameworkId = 'A-0000';
  }

  static async start(): Promise<ClusterStandIn> {
    const masters = [await MesosMasterStandIn.start(), await MesosMasterStandIn.start()];
    const cluster = new ClusterStandIn(masters, await MarathonStandIn.start());
    cluster.refresh();
    return cluster;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.masters.map((master) => master.stop()), this.marathon.stop()]);
  }

  get leader(): MesosMasterStandIn {
    return this.masters[this.leads]!;
  }

  /** Starts a task that Mesos tells of. */
  run(app: string): RunningTask {
    const task = this.#newTask(app);
    this.tasks.set(task.id, task);
    this.refresh();
    const [told] = operatorTasks([mesosTask(task)]);
    this.leader.send({ type: 'TASK_ADDED', task_added: { task: told } });
    return task;
  }

  /** Ends a task that Mesos tells of. */
  end(task: RunningTask): void {
    this.tasks.delete(task.id);
    this.#update(task, 'TASK_FINISHED');
  }

  /** A health check of a task that Mesos tells of has another verdict. */
  setHealthy(task: RunningTask, healthy: boolean): void {
    task.healthy = healthy;
    this.#update(task, 'TASK_RUNNING', { healthy });
  }

  #update({ id, agent, ip }: RunningTask, state: string, more: Fields = {}): void {
    this.refresh();
    const status = {
      task_id: { value: id },
      agent_id: { value: `S${agent}` },
      timestamp: ++this.#count,
      container_status: { network_infos: [{ ip_addresses: [{ ip_address: ip }] }] },
      ...more,
    };
    this.leader.send({ type: 'TASK_UPDATED', task_updated: { framework_id: { value: 'F' }, state, status } });
  }

  /** Gives an app of Marathon that many tasks. */
  scale(app: string, count: number): void {
    const tasks = this.apps.get(app) ?? [];
    while (tasks.length < count) tasks.push(this.#newTask(app));
    tasks.length = count;
    this.apps.set(app, tasks);
    this.tellMarathon(app, tasks);
  }

  /** Has Marathon say that an app has these tasks, true or not. */
  tellMarathon(app: string, tasks: readonly RunningTask[]): void {
    this.marathon.setApp(
      {
        id: `/${app}`,
        networks: [{ mode: 'container/bridge' }],
        container: { type: 'DOCKER', portMappings: [{ containerPort: 80, name: 'http' }] },
      },
      tasks.map(({ id, agent, port, ip }) => ({
        id,
        host: agentIp(agent),
        slaveId: `S${agent}`,
        state: 'TASK_RUNNING',
        ports: [port],
        ipAddresses: [{ ipAddress: ip, protocol: 'IPv4' }],
      })),
    );
  }

  /** Has both masters know the truth; the one that does not lead sends others on. */
  refresh(): void {
    const document = this.document([...this.tasks.values()]);
    for (const [number, master] of this.masters.entries()) {
      master.document = document;
      master.redirect = number === this.leads ? undefined : `//${this.leader.address}`;
    }
  }

  /** A state with these tasks alone. */
  document(tasks: readonly RunningTask[]): Fields {
    const slaves = Array.from({ length: AGENTS }, (_, number) => ({
      id: `S${number}`,
      hostname: agentIp(number),
      pid: `slave(1)@${agentIp(number)}:5051`,
      active: true,
    }));
    return { slaves, frameworks: [framework(tasks.map(mesosTask))] };
  }

  /** Another master leads from now on; the streams of the old one end. */
  changeLeader(): void {
    const before = this.leader;
    this.leads = 1 - this.leads;
    this.refresh();
    before.cutStreams();
  }

  beat(): void {
    for (const master of this.masters) master.beat();
  }

  #newTask(app: string): RunningTask {
    const number = ++this.#count;
    return {
      id: `${app}.${number}`,
      app,
      ip: `9.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`,
      port: 20_000 + (number % 10_000),
      agent: number % AGENTS,
    };
  }
}

function framework(tasks: readonly Fields[]): Fields {
  return {
    id: 'F',
    name: FRAMEWORKS.mesos,
    hostname: '192.0.2.5',
    pid: 'scheduler@192.0.2.5:15101',
    active: true,
    tasks,
  };
}

/** A task as /state has it. */
function mesosTask({ id, app, ip, port, agent, healthy }: RunningTask): Fields {
  return {
    id,
    name: app,
    framework_id: 'F',
    slave_id: `S${agent}`,
    state: 'TASK_RUNNING',
    resources: { ports: `[${port}-${port}]` },
    statuses: [
      {
        state: 'TASK_RUNNING',
        timestamp: 1,
        container_status: { network_infos: [{ ip_addresses: [{ ip_address: ip }] }] },
        ...(healthy !== undefined && { healthy }),
      },
    ],
  };
}

/** The same as the operator API has them. */
function operatorTasks(tasks: readonly Fields[]): readonly unknown[] {
  return (getStateOf({ frameworks: [framework(tasks)] }).get_tasks as { readonly tasks: readonly unknown[] }).tasks;
}
