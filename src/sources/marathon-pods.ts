// The answer of Marathon to /v2/pods/::status as tasks: one for each container of each instance of each pod, as Mesos has
// them. A container declares its endpoints as an app declares its ports, and is read as such.
import type { Agent } from '../model/agent.ts';
import type { Framework } from '../model/framework.ts';
import type { Task, TaskAddress } from '../model/task.ts';
import { taskKey } from '../model/task.ts';
import { parseIp } from './address.ts';
import type { Fields } from './fields.ts';
import { isObject, listOf, objectOf, show, textOf } from './fields.ts';
import type { MarathonApp } from './marathon-app.ts';
import { readMarathonApp } from './marathon-app.ts';
import type { LocatedPort, MarathonAppsOptions } from './marathon-apps.ts';
import { agentOf, discoveryName, discoveryPorts, marathonFramework, modelPorts } from './marathon-apps.ts';
import type { Complain } from './mesos-ports.ts';
import { taskState } from './mesos-tasks.ts';
import type { Reading } from './reading.ts';

/**
 * Reads a parsed answer: a list of pod statuses, or the status of one pod.
 * @throws TypeError when it is neither
 */
export function readMarathonPods(document: unknown, options: MarathonAppsOptions = {}): Reading {
  const pods = isObject(document) && 'instances' in document ? [document] : document;
  if (!Array.isArray(pods)) throw new TypeError(`expected a list of pod statuses, got ${show(document)}`);
  const framework = marathonFramework(options);
  const agents = new Map<string, Agent>();
  const problems: { where: string; why: string }[] = [];
  const tasks = pods.flatMap((entry, i) => {
    const pod = objectOf(entry);
    const id = textOf(pod.id);
    if (id === undefined) {
      problems.push({ where: `pods[${i}]`, why: 'expected a pod status, an object with an id; it is left out' });
      return [];
    }
    const complain: Complain = (part, why) => problems.push({ where: `pods[${i}]${part} (id ${show(id)})`, why });
    return readPod(id, pod, { framework, agents, options, complain });
  });
  return { cluster: { tasks, agents: [...agents.values()], frameworks: [framework] }, problems };
}

interface Context {
  readonly framework: Framework;
  readonly agents: Map<string, Agent>;
  readonly options: MarathonAppsOptions;
  readonly complain: Complain;
}

function readPod(id: string, pod: Fields, context: Context): Task[] {
  const spec = objectOf(pod.spec);
  const containers = containersOf(id, spec, context.complain);
  // While a pod is being changed, an instance of the version before may have a container that is declared no more.
  const undeclared = readContainerSpec(id, spec, {}, context.complain);
  return listOf(pod.instances).flatMap((value, i) => {
    const instance = objectOf(value);
    const host = textOf(instance.agentHostname);
    // An instance that waits for an offer runs nowhere yet.
    if (host === undefined) return [];
    const agent = agentOf(textOf(instance.agentId) ?? host, host, context.agents, context.options.resolve);
    const addresses = addressesOf(instance, undeclared, agent, (part, why) =>
      context.complain(`.instances[${i}]${part}`, why),
    );
    return listOf(instance.containers).flatMap((entry, c) => {
      const status = objectOf(entry);
      const name = textOf(status.name);
      if (name === undefined) {
        context.complain(`.instances[${i}].containers[${c}]`, 'expected an object with a name; it is left out');
        return [];
      }
      // What was not launched yet is no task and has no id.
      const taskId = textOf(status.containerId);
      if (taskId === undefined) return [];
      const app = containers.get(name) ?? undeclared;
      return [readContainer(status, app, { id: taskId, name, agent, addresses }, context)];
    });
  });
}

/** The containers that a pod declares, by name. */
function containersOf(id: string, spec: Fields, complain: Complain): ReadonlyMap<string, MarathonApp> {
  return new Map(
    listOf(spec.containers).map((value, i) => {
      const container = objectOf(value);
      const app = readContainerSpec(id, spec, container, (part, why) =>
        complain(`.spec.containers[${i}]${part.replace(/^\.(?:portDefinitions|portMappings)/, '.endpoints')}`, why),
      );
      return [textOf(container.name) ?? '', app];
    }),
  );
}

/** A container of a pod as the app that declares the same ports. */
function readContainerSpec(id: string, spec: Fields, container: Fields, complain: Complain): MarathonApp {
  const { endpoints, labels, healthCheck } = container;
  const ports = listOf(endpoints).map((endpoint) => {
    const { protocol, ...fields } = objectOf(endpoint);
    return { ...fields, protocol: Array.isArray(protocol) ? protocol.join(',') : protocol };
  });
  return readMarathonApp(
    id,
    {
      networks: spec.networks,
      labels: { ...objectOf(spec.labels), ...objectOf(labels) },
      portDefinitions: ports,
      container: { type: 'MESOS', portMappings: ports },
      healthChecks: isObject(healthCheck) ? [healthCheck] : [],
    },
    complain,
  );
}

/** Addresses of an instance, which its containers share; in host mode the agent's where none are named. */
function addressesOf(instance: Fields, app: MarathonApp, agent: Agent, complain: Complain): readonly TaskAddress[] {
  const addresses: TaskAddress[] = [];
  listOf(instance.networks).forEach((value, i) => {
    const { name, addresses: texts } = objectOf(value);
    for (const text of listOf(texts)) {
      const ip = parseIp(text);
      if (ip !== undefined) addresses.push({ ip, origin: 'netinfo', network: textOf(name) });
      else complain(`.networks[${i}].addresses`, `expected an IP address, got ${show(text)}; it is left out`);
    }
  });
  if (addresses.length > 0 || app.mode !== 'host') return addresses;
  return agent.addresses.map((ip) => ({ ip, origin: 'netinfo', network: undefined }));
}

function readContainer(
  status: Fields,
  app: MarathonApp,
  { id, name, agent, addresses }: Pick<Task, 'id' | 'name' | 'agent' | 'addresses'>,
  { framework, options }: Context,
): Task {
  const located = locatePorts(app, listOf(status.endpoints).map(objectOf));
  const task: Task = {
    id,
    name,
    framework,
    agent,
    state: taskState(status.status),
    healthy: undefined,
    ready: true,
    discovery: { name: discoveryName(app.id), ports: located.flatMap((port) => discoveryPorts(port, app)) },
    addresses,
    hostPorts: located.flatMap(({ hostPort }) => hostPort ?? []),
    ports: located.flatMap((port) => modelPorts(port, app, addresses.length > 0)),
    labels: app.labels,
    app: app.id,
    runtime: app.runtime,
    weight: undefined,
  };
  return { ...task, healthy: healthOf(status, app, () => options.wasHealthy?.(taskKey(task))) };
}

/** The declared endpoints with the host ports that the instance was given for them, which go by the endpoints' names. */
function locatePorts(app: MarathonApp, given: readonly Fields[]): readonly LocatedPort[] {
  return app.ports.map((port) => {
    const { allocatedHostPort } = given.find(({ name }) => name === port.name) ?? {};
    const isKnown = typeof allocatedHostPort === 'number' && allocatedHostPort > 0;
    return {
      ...port,
      containerPort: port.containerPort || (isKnown ? allocatedHostPort : 0),
      hostPort: isKnown ? allocatedHostPort : undefined,
      // Unlike an app's, an endpoint in bridge mode has a host port only if it asks for one.
      takesHostPort: app.mode === 'bridge' ? isKnown : port.takesHostPort,
    };
  });
}

/**
 * A verdict stands at the endpoint that is checked, and of a check by command in the conditions; where both are missing,
 * although there is a check, the last verdict stays.
 */
function healthOf(status: Fields, app: MarathonApp, before: () => boolean | undefined): boolean | undefined {
  if (!app.hasHealthChecks) return undefined;
  const verdicts = listOf(status.endpoints)
    .map((endpoint) => objectOf(endpoint).healthy)
    .filter((healthy) => typeof healthy === 'boolean');
  for (const { name, value, reason } of listOf(status.conditions).map(objectOf))
    if (name === 'healthy' && reason !== 'health-unreported-by-mesos') verdicts.push(value === 'true');
  return verdicts.length > 0 ? !verdicts.includes(false) : (before() ?? false);
}
