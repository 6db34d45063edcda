// What a manager says of its swarm (`GET /nodes`, `/services`, `/tasks`, `/networks`) as the model has it.
import type { Agent } from '../model/agent.ts';
import type { Problem } from '../model/cluster.ts';
import type { Attachment } from '../model/container.ts';
import type { Framework } from '../model/framework.ts';
import type { Network } from '../model/network.ts';
import type { Port, Protocol } from '../model/port.ts';
import type { Replica, Service, ServiceNetwork, ServicePort } from '../model/service.ts';
import type { Task, TaskState } from '../model/task.ts';
import { MAX_PORT, parseHostPort, parseIp } from './address.ts';
import { parsePrefix, readNetwork } from './docker-networks.ts';
import type { Fields } from './fields.ts';
import { isObject, listOf, objectOf, textOf } from './fields.ts';
import type { Reading } from './reading.ts';
import { NO_LABELS, NONE } from './reading.ts';

/** The four lists as a manager answers them. */
export interface SwarmAnswers {
  readonly nodes: readonly Fields[];
  readonly services: readonly Fields[];
  readonly tasks: readonly Fields[];
  readonly networks: readonly Fields[];
}

/** The ports of a task that its node's engine told more precisely; by task id. */
export type PrecisePorts = ReadonlyMap<string, readonly Port[]>;

/** Reads the state of a swarm. An entry that cannot be used is left out and named in a problem. */
export function readSwarm(answers: SwarmAnswers, framework: Framework, precise: PrecisePorts): Reading {
  const problems: Problem[] = [];
  const agents = new Map(answers.nodes.flatMap((node) => readNode(node, problems)).map((agent) => [agent.id, agent]));
  const ingress = [...agents.values()].filter(({ isReady, addresses }) => isReady && addresses.length > 0);
  const networks = new Map(
    answers.networks.flatMap((fields) => readNetwork(fields, '', false) ?? []).map((network) => [network.id, network]),
  );
  const services = new Map(
    answers.services
      .flatMap((fields) => readService(fields, framework, networks, ingress) ?? [])
      .map((service) => [service.id, service]),
  );
  const tasks = answers.tasks.flatMap((fields): Task[] => {
    const task = readTask(fields, { services, agents, networks, precise, problems });
    return task ? [task] : [];
  });
  return {
    cluster: {
      tasks,
      agents: [...agents.values()],
      frameworks: [framework],
      services: [...services.values()],
      networks: [...networks.values()].filter(({ kind }) => kind === 'overlay'),
    },
    problems,
  };
}

function readNode(node: Fields, problems: Problem[]): Agent[] {
  const id = textOf(node.ID);
  if (id === undefined) return [];
  const spec = objectOf(node.Spec);
  const status = objectOf(node.Status);
  const manager = isObject(node.ManagerStatus) ? node.ManagerStatus : undefined;
  const hostname = textOf(objectOf(node.Description).Hostname) ?? id;
  // A manager that listens everywhere reports 0.0.0.0 of itself; where the others reach it stands beside.
  const told = [parseIp(status.Addr), parseIp(parseHostPort(textOf(manager?.Addr) ?? '')?.host)];
  const address = told.find((ip) => ip !== undefined && !isNowhere(ip));
  if (address === undefined)
    problems.push({ where: `node ${id} (${hostname})`, why: `expected an address, got ${String(status.Addr)}` });
  return [
    {
      id,
      hostname,
      host: address ?? '',
      addresses: address === undefined ? NONE : [address],
      labels: readLabels(spec.Labels),
      system: 'swarm',
      isReady: status.State === 'ready',
      isManager: manager !== undefined && manager.Reachability !== 'unreachable',
    },
  ];
}

function isNowhere(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::' || ip === '::1' || ip.startsWith('127.');
}

function readService(
  fields: Fields,
  framework: Framework,
  networks: ReadonlyMap<string, Network>,
  ready: readonly Agent[],
): Service | undefined {
  const id = textOf(fields.ID);
  const spec = objectOf(fields.Spec);
  const name = textOf(spec.Name);
  if (id === undefined || name === undefined) return undefined;
  const endpoint = objectOf(fields.Endpoint);
  // The endpoint's own spec is empty for dnsrr.
  const wanted = objectOf(spec.EndpointSpec);
  const ports = (listOf(endpoint.Ports).length > 0 ? listOf(endpoint.Ports) : listOf(wanted.Ports)).flatMap(
    (port) => readServicePort(objectOf(port)) ?? [],
  );
  const template = objectOf(spec.TaskTemplate);
  const labels = { ...readLabels(objectOf(template.ContainerSpec).Labels), ...readLabels(spec.Labels) };
  return {
    id,
    name,
    stack: labels['com.docker.stack.namespace'],
    framework,
    labels,
    ports,
    networks: serviceNetworks(endpoint, [...listOf(template.Networks), ...listOf(spec.Networks)], networks),
    ingress: ports.some(({ mode }) => mode === 'ingress') ? ready : NONE,
  };
}

function serviceNetworks(
  endpoint: Fields,
  attached: readonly unknown[],
  networks: ReadonlyMap<string, Network>,
): ServiceNetwork[] {
  const vips = new Map<string, string>();
  for (const vip of listOf(endpoint.VirtualIPs).map(objectOf)) {
    const address = parsePrefix(vip.Addr)?.address;
    const network = textOf(vip.NetworkID);
    if (address !== undefined && network !== undefined) vips.set(network, address);
  }
  const targets = attached.flatMap((network) => textOf(objectOf(network).Target) ?? []);
  return [...new Set([...vips.keys(), ...targets])].flatMap((id) => {
    const network = networks.get(id);
    return network ? [{ network, vip: vips.get(id) }] : [];
  });
}

function readServicePort(port: Fields): ServicePort | undefined {
  const protocol = readProtocol(port.Protocol);
  const { TargetPort, PublishedPort, PublishMode } = port;
  if (protocol === undefined || !isPort(TargetPort)) return undefined;
  return {
    protocol,
    targetPort: TargetPort,
    ...(isPort(PublishedPort) && { publishedPort: PublishedPort }),
    mode: PublishMode === 'host' ? 'host' : 'ingress',
  };
}

/** What tasks are read against. */
interface Around {
  readonly services: ReadonlyMap<string, Service>;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly networks: ReadonlyMap<string, Network>;
  readonly precise: PrecisePorts;
  readonly problems: Problem[];
}

function readTask(fields: Fields, around: Around): Task | undefined {
  const id = textOf(fields.ID);
  const service = around.services.get(textOf(fields.ServiceID) ?? '');
  // Before it has a node it is nowhere; and those of no service (plugins) have no names.
  const agent = around.agents.get(textOf(fields.NodeID) ?? '');
  if (id === undefined || service === undefined || agent === undefined) return undefined;
  const status = objectOf(fields.Status);
  const slot = typeof fields.Slot === 'number' ? String(fields.Slot) : undefined;
  const attached = listOf(fields.NetworksAttachments).map(objectOf);
  const attachments = attached.flatMap((attachment) => readAttachment(attachment, around.networks));
  const ports = around.precise.get(id) ?? readPortStatus(id, service, status, around.problems);
  const isOnHost = attached.some(({ Network }) => driverOf(objectOf(Network)) === 'host');
  return {
    id,
    // Its own name is often empty.
    name: `${service.name}.${slot ?? agent.id}.${id}`,
    framework: service.framework,
    agent,
    state: readState(fields.DesiredState, status.State, agent),
    // With a health check a task goes on starting until it is healthy: the swarm waits for us.
    ready: true,
    addresses: attachments.flatMap(({ network, addresses }) =>
      addresses.map((ip) => ({ ip, origin: 'docker' as const, network: network.name })),
    ),
    hostPorts: [...new Set(ports.flatMap(({ hostPort }) => hostPort ?? []))],
    ports,
    labels: service.labels,
    runtime: 'docker',
    container: { shortId: id.slice(0, 12), isOnHost, attachments, links: NONE },
    replica: replicaOf(service, slot ?? agent.hostname),
    service,
  };
}

/** Which replica of a service one is: the stack's prefix is no part of the service's own name. */
export function replicaOf({ name, stack }: Pick<Service, 'name' | 'stack'>, replica: string): Replica {
  const prefix = `${stack}_`;
  return {
    service: stack !== undefined && name.startsWith(prefix) ? name.slice(prefix.length) : name,
    stack,
    name: replica,
  };
}

/** The tasks of a node that went down go on saying that they run, and are meant to. */
function readState(desired: unknown, state: unknown, { isReady }: Agent): TaskState {
  if (state === 'running') return desired === 'running' && isReady ? 'running' : 'preparing';
  return ['complete', 'failed', 'shutdown', 'rejected', 'orphaned', 'remove'].includes(textOf(state) ?? '')
    ? 'terminal'
    : 'preparing';
}

function readAttachment(attachment: Fields, networks: ReadonlyMap<string, Network>): Attachment[] {
  const network = networks.get(textOf(objectOf(attachment.Network).ID) ?? '');
  // The swarm's plumbing is not in the list, nor are networks of single machines.
  if (!network) return [];
  const addresses = listOf(attachment.Addresses).flatMap((prefix) => parsePrefix(prefix)?.address ?? []);
  return [{ network, addresses, aliases: NONE }];
}

function driverOf(network: Fields): string | undefined {
  return (
    textOf(objectOf(network.DriverState).Name) ?? textOf(objectOf(objectOf(network.Spec).DriverConfiguration).Name)
  );
}

/**
 * The ports that a task has at its node. Each is reported once a family, without an address: where the two differ,
 * only its engine knows which is which.
 */
function readPortStatus(id: string, service: Service, status: Fields, problems: Problem[]): Port[] {
  const ports = new Map<string, Port>();
  for (const port of listOf(objectOf(status.PortStatus).Ports).map(objectOf)) {
    const protocol = readProtocol(port.Protocol);
    const { TargetPort, PublishedPort } = port;
    if (protocol === undefined || !isPort(TargetPort) || !isPort(PublishedPort)) continue;
    const key = `${TargetPort}/${protocol}`;
    const known = ports.get(key);
    const read: Port = { protocol, containerPort: TargetPort, hostPort: PublishedPort };
    if (!known) ports.set(key, read);
    else if (known.hostPort !== PublishedPort) {
      // The engine names its IPv4 binding first.
      ports.set(key, { ...known, hostAddress: '0.0.0.0' });
      problems.push({
        where: `task ${id} of service ${service.name}`,
        why: `its port ${key} is ${known.hostPort} or ${PublishedPort}, by family; the first is taken for IPv4`,
      });
    }
  }
  return [...ports.values()];
}

/** Whether a task has a port whose number depends on the family; then its node's engine is to be asked. */
export function hasAmbiguousPorts(task: Fields): boolean {
  const numbers = new Map<string, unknown>();
  return listOf(objectOf(objectOf(task.Status).PortStatus).Ports)
    .map(objectOf)
    .some(({ TargetPort, Protocol: protocol, PublishedPort }) => {
      const key = `${String(TargetPort)}/${String(protocol)}`;
      const isOther = numbers.has(key) && numbers.get(key) !== PublishedPort;
      numbers.set(key, PublishedPort);
      return isOther;
    });
}

function readProtocol(value: unknown): Protocol | undefined {
  return value === 'tcp' || value === 'udp' ? value : undefined;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_PORT;
}

function readLabels(value: unknown): Readonly<Record<string, string>> {
  const labels = objectOf(value);
  const entries = Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return entries.length === 0 ? NO_LABELS : Object.fromEntries(entries);
}
