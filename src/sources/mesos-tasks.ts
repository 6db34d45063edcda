// One task as Mesos tells of it, whole (in /state, in a GET_STATE answer, in TASK_ADDED) or in part (the status in a
// TASK_UPDATED), and how a later message is merged over an earlier one. The rules are Mesos-DNS's for what names need
// (addresses, host ports, discovery) and dcos-net's for what virtual addresses need (merged ports, health).
import type { Agent } from '../model/agent.ts';
import type { Framework } from '../model/framework.ts';
import type { Port } from '../model/port.ts';
import type { AddressOrigin, Discovery, Task, TaskAddress, TaskState } from '../model/task.ts';
import { parseIp } from './address.ts';
import type { Fields } from './fields.ts';
import { isObject, listOf, objectOf, show, textOf } from './fields.ts';
import type { Complain } from './mesos-ports.ts';
import {
  discoveredPorts,
  discoveryPortsOf,
  hostPortsOf,
  labelsOf,
  mappedPorts,
  mergePorts,
  portsOnHost,
  resourcePorts,
} from './mesos-ports.ts';
import { NO_LABELS, NONE } from './reading.ts';
import { exact, sharedLabels, sharedText } from './sharing.ts';

/** A message about one task, with the fields of /state and of the operator API under one name each. */
export interface TaskMessage {
  readonly id: string;
  readonly frameworkId: string;
  /** Absent when not said. */
  readonly agentId?: string | undefined;
  readonly name?: unknown;
  /** `TASK_RUNNING` and so on. */
  readonly state: unknown;
  readonly statuses: readonly unknown[];
  readonly container?: unknown;
  readonly discovery?: unknown;
  readonly resources?: unknown;
  readonly labels?: unknown;
  readonly health_check?: unknown;
}

/** What the messages about one task said so far: a `Task` before it meets its framework and agent. */
export interface TaskFacts {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly name: string;
  readonly state: TaskState;
  readonly healthy: boolean | undefined;
  readonly discovery: Discovery | undefined;
  readonly addresses: readonly TaskAddress[];
  readonly hostPorts: readonly number[];
  readonly ports: readonly Port[];
  readonly labels: Readonly<Record<string, string>>;
  readonly runtime: 'mesos' | 'docker' | undefined;
}

const TERMINAL = /^TASK_(?:FINISHED|FAILED|KILLED|LOST|ERROR|DROPPED|GONE|GONE_BY_OPERATOR)$/;

/** Where a Mesos task state stands in a task's life (dcos-net's grouping). */
export function taskState(mesos: unknown): TaskState {
  if (mesos === 'TASK_RUNNING') return 'running';
  if (mesos === 'TASK_KILLING') return 'killing';
  return typeof mesos === 'string' && TERMINAL.test(mesos) ? 'terminal' : 'preparing';
}

/** A task of the operator API. @returns undefined when it names no task or framework */
export function taskMessage(task: Fields): TaskMessage | undefined {
  const id = idOf(task.task_id);
  const frameworkId = idOf(task.framework_id);
  if (id === undefined || frameworkId === undefined) return undefined;
  const { name, state, container, discovery, resources, labels, health_check } = task;
  const statuses = listOf(task.statuses);
  return {
    id,
    frameworkId,
    agentId: idOf(task.agent_id),
    name,
    state,
    statuses,
    container,
    discovery,
    resources,
    labels,
    health_check,
  };
}

/** The body of a TASK_UPDATED: its own state counts, not the one of the status, which may be an older one. */
export function updateMessage(update: Fields): TaskMessage | undefined {
  const status = objectOf(update.status);
  const id = idOf(status.task_id);
  const frameworkId = idOf(update.framework_id);
  if (id === undefined || frameworkId === undefined) return undefined;
  return { id, frameworkId, agentId: idOf(status.agent_id), state: update.state, statuses: [status] };
}

/** `{value: "..."}`, the operator API's form of an id. */
export function idOf(value: unknown): string | undefined {
  return textOf(objectOf(value).value);
}

/**
 * Merges a message over what is known of the task: what it does not say, or says with an empty list, stays.
 * @param known undefined for a task that was not heard of before
 */
export function mergeFacts(known: TaskFacts | undefined, message: TaskMessage, complain: Complain): TaskFacts {
  const newest = newestStatus(message.statuses);
  const container = objectOf(message.container);
  const discovery = objectOf(message.discovery);
  const hostPorts = hostPortsOf(message.resources, complain) ?? NONE;
  const labels = labelsOf(message.labels);
  const mapped = mappedPorts(container, networksOf(newest));
  const declared = discoveredPorts(discovery, mapped, complain);
  const given = mergePorts(resourcePorts(labels, hostPorts, complain), mapped);
  const addresses = addressesOf(message, newest, complain);
  const named = textOf(discovery.name);
  const ports = mergePorts(declared.length > 0 ? declared : (known?.ports ?? NONE), given);
  return {
    id: message.id,
    frameworkId: message.frameworkId,
    agentId: message.agentId ?? known?.agentId ?? '',
    name: sharedText(textOf(message.name) ?? known?.name ?? ''),
    state: taskState(message.state),
    healthy: healthOf(newest, message) ?? known?.healthy,
    discovery:
      named === undefined
        ? known?.discovery
        : { name: sharedText(named), ports: exact(discoveryPortsOf(discovery, complain)) },
    addresses: addresses.length > 0 ? exact(addresses) : (known?.addresses ?? NONE),
    hostPorts: hostPorts.length > 0 ? exact(hostPorts) : (known?.hostPorts ?? NONE),
    ports: exact(ports),
    labels: labels !== NO_LABELS ? sharedLabels(labels) : (known?.labels ?? NO_LABELS),
    runtime: runtimeOf(container) ?? known?.runtime,
  };
}

/** The task of these facts. One whose addresses are all its agent's shares the agent's network. */
export function taskOf(facts: TaskFacts, framework: Framework, agent: Agent): Task {
  const onHost =
    facts.ports.length > 0 && (facts.state === 'running' || facts.state === 'killing') && sharesAddress(facts, agent);
  return {
    id: facts.id,
    name: facts.name,
    framework,
    agent,
    state: facts.state,
    healthy: facts.healthy,
    ready: true,
    discovery: facts.discovery,
    addresses: facts.addresses,
    hostPorts: facts.hostPorts,
    ports: onHost ? portsOnHost(facts.ports) : facts.ports,
    labels: facts.labels,
    app: undefined,
    runtime: facts.runtime,
    weight: undefined,
  };
}

function sharesAddress(facts: TaskFacts, agent: Agent): boolean {
  let any = false;
  for (const address of facts.addresses) {
    if (address.origin !== 'netinfo') continue;
    if (!agent.addresses.includes(address.ip)) return false;
    any = true;
  }
  return any;
}

/** The status with the highest timestamp, the first of several; a missing timestamp counts as 0. */
function newestStatus(statuses: readonly unknown[], state?: string): Fields | undefined {
  let newest: Fields | undefined;
  let newestAt = Number.NEGATIVE_INFINITY;
  for (const status of statuses) {
    if (!isObject(status) || (state !== undefined && status.state !== state)) continue;
    const at = typeof status.timestamp === 'number' ? status.timestamp : 0;
    if (at > newestAt) {
      newest = status;
      newestAt = at;
    }
  }
  return newest;
}

function networksOf(status: Fields | undefined): readonly unknown[] {
  return listOf(objectOf(status?.container_status).network_infos);
}

/**
 * Of a running task the newest status that says TASK_RUNNING counts (Mesos-DNS), else the newest of all (dcos-net). The
 * two differ only where a status arrived that has another state than the task.
 */
function addressesOf(message: TaskMessage, newest: Fields | undefined, complain: Complain): readonly TaskAddress[] {
  const running = message.state === 'TASK_RUNNING' ? newestStatus(message.statuses, 'TASK_RUNNING') : undefined;
  const status = running ?? newest;
  if (!status) return NONE;
  const addresses: TaskAddress[] = [];
  const networks = networksOf(status);
  for (let i = 0; i < networks.length; i++) {
    const info = objectOf(networks[i]);
    const network = textOf(info.name);
    const part = `.container_status.network_infos[${i}]`;
    const entries = listOf(info.ip_addresses);
    if (entries.length > 0) for (const entry of entries) add(objectOf(entry).ip_address, 'netinfo', network, part);
    // Mesos before 0.26 had one address here.
    else add(info.ip_address, 'netinfo', network, part);
  }
  const labels = labelsOf(status.labels);
  add(labels['Docker.NetworkSettings.IPAddress'], 'docker', undefined, '.labels');
  add(labels['MesosContainerizer.NetworkSettings.IPAddress'], 'mesos', undefined, '.labels');
  return addresses;

  function add(text: unknown, origin: AddressOrigin, network: string | undefined, part: string): void {
    // A network that has not given its address yet names only the protocol.
    if (text === undefined || text === null || text === '') return;
    const ip = parseIp(text);
    if (ip === undefined) complain(`.statuses[]${part}`, `expected an IP address, got ${show(text)}; it is left out`);
    else addresses.push({ ip, origin, network });
  }
}

/** A check that has no result yet counts as failed: dcos-net sends no new connections there. */
function healthOf(newest: Fields | undefined, message: TaskMessage): boolean | undefined {
  const healthy = newest?.healthy;
  if (typeof healthy === 'boolean') return healthy;
  return isObject(message.health_check) ? false : undefined;
}

function runtimeOf(container: Fields): 'mesos' | 'docker' | undefined {
  if (container.type === 'DOCKER') return 'docker';
  return container.type === 'MESOS' ? 'mesos' : undefined;
}
