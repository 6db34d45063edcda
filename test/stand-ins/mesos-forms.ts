// A /state document in the other forms in which a Mesos 1.x master tells the same: the operator API's GET_STATE, and
// /master/state-summary. After the field tables of the two (Mesos: `mesos/v1/master.proto`, `master/readonly_handler.cpp`).

type Fields = Readonly<Record<string, unknown>>;

const objects = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value : []);
const id = (value: unknown) => (value === undefined ? undefined : { value });

/** The `get_state` of the operator API. */
export function getStateOf(document: Fields): Fields {
  const frameworks = objects(document.frameworks);
  return {
    get_agents: {
      agents: objects(document.slaves).map(({ id: agent, hostname, pid, active }) => ({
        agent_info: { id: id(agent), hostname, port: 5051 },
        active,
        pid,
      })),
      recovered_agents: objects(document.recovered_slaves).map(({ id: agent, hostname }) => ({
        id: id(agent),
        hostname,
      })),
    },
    get_frameworks: {
      frameworks: frameworks.map(({ id: framework, name, hostname, active }) => ({
        framework_info: { id: id(framework), name, hostname },
        active,
      })),
    },
    get_tasks: {
      tasks: frameworks.flatMap(({ id: framework, tasks }) =>
        objects(tasks).map((task) => operatorTask(framework, task)),
      ),
    },
  };
}

function operatorTask(framework: unknown, task: Fields): Fields {
  const { id: taskId, slave_id, framework_id: _, resources, labels, ...same } = task;
  return {
    ...same,
    task_id: id(taskId),
    framework_id: id(framework),
    agent_id: id(slave_id),
    resources: resources === undefined ? undefined : operatorResources(resources as Fields),
    labels: labels === undefined ? undefined : { labels },
  };
}

/** `ports: "[31000-31001]"` as ranges. */
function operatorResources({ ports }: Fields): readonly Fields[] {
  const range = Array.from(String(ports ?? '').matchAll(/(\d+)-(\d+)/g), ([, begin, end]) => ({
    begin: Number(begin),
    end: Number(end),
  }));
  return range.length === 0 ? [] : [{ name: 'ports', type: 'RANGES', ranges: { range } }];
}

/** `/master/state-summary`: the one place of the newer API where the pid of a framework stands. */
export function summaryOf(document: Fields): Fields {
  return {
    frameworks: objects(document.frameworks).map(({ id: framework, name, hostname, pid, active }) => ({
      id: framework,
      name,
      hostname,
      pid,
      active,
    })),
  };
}

/** `get_master` of the operator API, for `leader` of the document (`master@192.0.2.1:5050`). */
export function getMasterOf({ leader }: Fields): Fields {
  const [, ip, port] = /^master@(.+):(\d+)$/.exec(String(leader)) ?? [];
  return { master_info: { id: 'stand-in', address: { ip, port: Number(port), hostname: ip } } };
}
