// Makes a /state document of any size, always the same for the same parameters: what the tests of scale and the
// benchmarks read. Shaped like a Mesos 1.11 master's: one agent per 25 tasks, 95 % of the tasks Marathon's with
// discovery, 1 to 3 named ports, 40 % with addresses of an overlay network, half with virtual addresses.

export interface StateShape {
  readonly tasks: number;
  /** Same seed, same document. */
  readonly seed?: number;
  /** Tasks an application has, at most. */
  readonly instances?: number;
}

/** A generator of numbers from 0 to below 1 (mulberry32); good enough to spread values, the same everywhere. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const CLUSTER = 'b1f1d0d0-1111-4222-8333-444455556666';
const PORT_NAMES = ['http', 'admin', 'metrics'];
const TASKS_PER_AGENT = 25;

/** The text of the document, UTF-8; about 1.5 kB a task. */
export function generateState({ tasks, seed = 1, instances = 10 }: StateShape): Buffer {
  const next = random(seed);
  const agents = Math.max(1, Math.ceil(tasks / TASKS_PER_AGENT));
  const parts: string[] = [
    `{"version":"1.11.0","id":"${CLUSTER}","leader":"master@10.0.0.1:5050","hostname":"10.0.0.1","slaves":[`,
  ];
  for (let i = 0; i < agents; i++) parts.push(`${i ? ',' : ''}${JSON.stringify(agentOf(i))}`);
  parts.push('],"frameworks":[');
  const marathon = Math.round(tasks * 0.95);
  const frameworks = [
    {
      id: `${CLUSTER}-0001`,
      name: 'marathon',
      pid: 'scheduler-aa@10.0.0.5:15101',
      hostname: '10.0.0.5',
      active: true,
      from: 0,
      to: marathon,
    },
    {
      id: `${CLUSTER}-0002`,
      name: 'chronos',
      pid: 'scheduler-bb@10.0.0.6:15102',
      hostname: '10.0.0.6',
      active: true,
      from: marathon,
      to: tasks,
    },
  ];
  frameworks.forEach(({ from, to, ...framework }, f) => {
    parts.push(`${f ? ',' : ''}${JSON.stringify(framework).slice(0, -1)},"tasks":[`);
    for (let i = from; i < to; i++) {
      const task = taskOf(i, framework.id, f === 0, agents, instances, next);
      parts.push(`${i > from ? ',' : ''}${JSON.stringify(task)}`);
    }
    parts.push(
      '],"unreachable_tasks":[],"completed_tasks":[{"id":"old.1","name":"old","state":"TASK_FINISHED"}],"executors":[]}',
    );
  });
  parts.push('],"completed_frameworks":[],"orphan_tasks":[],"unregistered_frameworks":[]}');
  return Buffer.from(parts.join(''));
}

function agentOf(i: number) {
  const ip = agentIp(i);
  return {
    id: `${CLUSTER}-S${i}`,
    hostname: ip,
    port: 5051,
    pid: `slave(1)@${ip}:5051`,
    active: true,
    attributes: { rack: `r${i % 40}` },
    resources: {
      cpus: 32,
      mem: 128_000,
      disk: 1_000_000,
      ports: '[1025-2180, 2182-3887, 3889-5049, 5052-8079, 8082-8180, 8182-32000]',
    },
  };
}

function agentIp(i: number): string {
  return `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
}

function taskOf(
  i: number,
  frameworkId: string,
  discovers: boolean,
  agents: number,
  instances: number,
  next: () => number,
) {
  const app = Math.floor(i / instances);
  const group = ['prod', 'stage', 'dev'][app % 3]!;
  const name = `svc-${app}.${group}`;
  const agent = Math.floor(next() * agents);
  const overlay = next() < 0.4;
  const ports = 1 + Math.floor(next() * 3);
  const first = 1_025 + Math.floor(next() * 30_000);
  const uuid = [8, 4, 4, 4, 12]
    .map((n) => Array.from({ length: n }, () => Math.floor(next() * 16).toString(16)).join(''))
    .join('-');
  const id = `${name.replace('.', '_')}.instance-${uuid}._app.1`;
  const network = overlay
    ? {
        name: 'dcos',
        labels: {},
        ip_addresses: [{ protocol: 'IPv4', ip_address: `9.${i >> 16}.${(i >> 8) & 255}.${i & 255}` }],
      }
    : { ip_addresses: [{ protocol: 'IPv4', ip_address: agentIp(agent) }] };
  const hasVip = next() < 0.5;
  const status = (state: string, at: number) => ({
    state,
    timestamp: 1_563_810_000.5 + at,
    ...(state === 'TASK_RUNNING' ? { healthy: true } : {}),
    container_status: {
      container_id: { value: `c-${uuid}` },
      executor_pid: 4_000 + (i % 20_000),
      network_infos: [network],
    },
  });
  const discoveryPorts = PORT_NAMES.slice(0, ports).map((portName, p) => ({
    number: overlay ? 8_080 + p : first + p,
    name: portName,
    protocol: 'tcp',
    labels: {
      labels: [
        ...(hasVip ? [{ key: `VIP_${p}`, value: `/svc-${app}:${80 + p}` }] : []),
        ...(overlay
          ? [
              { key: 'network-scope', value: 'container' },
              { key: 'network-name', value: 'dcos' },
            ]
          : []),
      ],
    },
  }));
  return {
    id,
    name,
    framework_id: frameworkId,
    executor_id: '',
    slave_id: `${CLUSTER}-S${agent}`,
    state: next() < 0.97 ? 'TASK_RUNNING' : 'TASK_STAGING',
    resources: { disk: 0, mem: 256, gpus: 0, cpus: 0.5, ports: `[${first}-${first + ports - 1}]` },
    role: 'slave_public',
    statuses: [status('TASK_STARTING', i), status('TASK_RUNNING', i + 4.25)],
    ...(discovers ? { discovery: { visibility: 'FRAMEWORK', name, ports: { ports: discoveryPorts } } } : {}),
    container: {
      type: 'MESOS',
      mesos: {
        image: { type: 'DOCKER', docker: { name: `registry.example.org/${group}/svc-${app}:1.0` }, cached: true },
      },
      ...(overlay ? { network_infos: [{ name: 'dcos', labels: {}, ip_addresses: [{ protocol: 'IPv4' }] }] } : {}),
    },
    labels: [
      { key: 'HAPROXY_GROUP', value: 'external' },
      { key: 'owner', value: `team-${app % 30}` },
    ],
  };
}
