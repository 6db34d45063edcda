// What an engine says of one container (`GET /containers/{id}/json`) as a task of the model. Only the addresses that stand
// by a network are read: those above them are of the default bridge alone, and gone since API 1.52.
import type { Agent } from '../model/agent.ts';
import type { Attachment, LinkName } from '../model/container.ts';
import type { Framework } from '../model/framework.ts';
import type { Network } from '../model/network.ts';
import type { Port, Protocol } from '../model/port.ts';
import type { Replica } from '../model/service.ts';
import type { Task, TaskState } from '../model/task.ts';
import { MAX_PORT, parseIp } from './address.ts';
import type { Fields } from './fields.ts';
import { listOf, objectOf, textOf } from './fields.ts';
import { NO_LABELS, NONE } from './reading.ts';

/** One container, without what others decide: the networks' own facts, and who is linked to it. */
export interface ContainerFacts {
  readonly id: string;
  readonly shortId: string;
  readonly name: string;
  readonly state: TaskState;
  readonly healthy: boolean | undefined;
  readonly ready: boolean;
  readonly hostname: string | undefined;
  /** Labels, and the SERVICE_* variables of its environment, which registrator reads alike. */
  readonly labels: Readonly<Record<string, string>>;
  /** Where its network is: its own, the host's, that of the container of this id, or nowhere. */
  readonly network: 'own' | 'host' | 'none' | { readonly of: string };
  readonly attachments: readonly AttachmentFacts[];
  /** Ports that it says it listens on, and where the host leads to them. */
  readonly ports: readonly Port[];
  /** Names that it has for others: `docker run --link db:alias`. */
  readonly linksTo: readonly { readonly name: string; readonly alias: string }[];
  readonly replica: Replica | undefined;
  /** Id of the Mesos task that it is. */
  readonly mesosTask: string | undefined;
}

interface AttachmentFacts {
  readonly networkId: string;
  readonly addresses: readonly string[];
  readonly aliases: readonly string[];
}

/** Hexadecimal digits of the id that Docker shows. */
const SHORT_ID = 12;

/** @throws TypeError naming what is missing, when it is no container */
export function readContainer(inspected: Fields): ContainerFacts {
  const id = textOf(inspected.Id);
  const name = textOf(inspected.Name)?.replace(/^\//, '');
  if (id === undefined || name === undefined) throw new TypeError('expected an Id and a Name');
  const config = objectOf(inspected.Config);
  const host = objectOf(inspected.HostConfig);
  const settings = objectOf(inspected.NetworkSettings);
  const condition = objectOf(inspected.State);
  const shortId = id.slice(0, SHORT_ID);
  const environment = readEnvironment(config.Env);
  const labels = readLabels(config.Labels, environment);
  const mode = textOf(host.NetworkMode) ?? 'default';
  const hostname = textOf(config.Hostname);
  const health = textOf(objectOf(condition.Health).Status);
  const hasCheck = health !== undefined && health !== 'none';
  return {
    id,
    shortId,
    name,
    state: readState(condition),
    healthy: hasCheck ? health === 'healthy' : undefined,
    ready: health !== 'starting',
    // On the host's network, or in another container's, the name is theirs.
    hostname: hostname === shortId || mode === 'host' || mode.startsWith('container:') ? undefined : hostname,
    labels,
    network: readMode(mode),
    attachments: mode === 'host' ? NONE : readAttachments(objectOf(settings.Networks), shortId),
    ports: readPorts(objectOf(config.ExposedPorts), objectOf(settings.Ports)),
    linksTo: host.Links ? listOf(host.Links).flatMap(readLink) : NONE,
    replica: readReplica(labels),
    mesosTask: name.startsWith('mesos-') ? environment?.get('MESOS_TASK_ID') : undefined,
  };
}

function readState(state: Fields): TaskState {
  const status = textOf(state.Status);
  // A paused container holds its connections and answers none; a restarting one has no address between the tries.
  if (state.Paused === true || status === 'paused' || status === 'restarting' || status === 'created')
    return 'preparing';
  return state.Running === true && (status === undefined || status === 'running') ? 'running' : 'terminal';
}

function readMode(mode: string): ContainerFacts['network'] {
  if (mode === 'host' || mode === 'none') return mode;
  return mode.startsWith('container:') ? { of: mode.slice('container:'.length) } : 'own';
}

function readAttachments(networks: Fields, shortId: string): readonly AttachmentFacts[] {
  const attachments: AttachmentFacts[] = [];
  for (const name of namesOf(networks)) {
    const endpoint = objectOf(networks[name]);
    const aliases = endpoint.Aliases ? listOf(endpoint.Aliases).flatMap((alias) => textOf(alias) ?? []) : NONE;
    const addresses: string[] = [];
    const ipv4 = parseIp(endpoint.IPAddress);
    if (ipv4 !== undefined) addresses.push(ipv4);
    const ipv6 = parseIp(endpoint.GlobalIPv6Address);
    if (ipv6 !== undefined) addresses.push(ipv6);
    attachments.push({
      // Podman before 5 leaves the id out of its compatible answer: the name identifies a network of a machine, too.
      networkId: textOf(endpoint.NetworkID) ?? name,
      addresses,
      aliases: aliases.length === 0 ? NONE : [...new Set(aliases)].filter((alias) => alias !== shortId).sort(),
    });
  }
  return attachments;
}

/** In order. */
function namesOf(networks: Fields): string[] {
  const names = Object.keys(networks);
  return names.length < 2 ? names : names.sort();
}

const PORT_KEY = /^(\d{1,5})\/(tcp|udp)$/;

function readPorts(exposed: Fields, bound: Fields): readonly Port[] {
  const ports: Port[] = [];
  for (const key in bound) addPorts(ports, key, listOf(bound[key]));
  for (const key in exposed) if (bound[key] === undefined) addPorts(ports, key, NONE);
  if (ports.length < 2) return ports;
  return ports.sort(
    (a, b) =>
      a.containerPort! - b.containerPort! ||
      compareText(a.protocol, b.protocol) ||
      compareText(a.hostAddress ?? '', b.hostAddress ?? '') ||
      (a.hostPort ?? 0) - (b.hostPort ?? 0),
  );
}

/** @param key `80/tcp` */
function addPorts(ports: Port[], key: string, bindings: readonly unknown[]): void {
  const match = PORT_KEY.exec(key);
  // The model, like DNS clients, has no use for SCTP.
  if (!match) return;
  const protocol = match[2] as Protocol;
  const containerPort = Number(match[1]);
  if (!isPort(containerPort)) return;
  const before = ports.length;
  for (const binding of bindings) {
    const { HostIp, HostPort } = objectOf(binding);
    // A binding without a host port (`"0"` is reported now and then) is none.
    const hostPort = Number(textOf(HostPort));
    if (!isPort(hostPort)) continue;
    const hostAddress = parseIp(HostIp);
    ports.push(
      hostAddress === undefined
        ? { protocol, containerPort, hostPort }
        : { protocol, containerPort, hostPort, hostAddress },
    );
  }
  if (ports.length === before) ports.push({ protocol, containerPort });
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= MAX_PORT;
}

/** `/db:/web/db`: the container db, which the container web calls db. */
function readLink(link: unknown): { name: string; alias: string }[] {
  const [, name, alias] = /^\/?([^:]+):\/?(?:[^/]+\/)?([^/]+)$/.exec(textOf(link) ?? '') ?? [];
  return name === undefined ? [] : [{ name, alias: alias! }];
}

/** The variables that mean something here; undefined when there are none, as in most containers. */
function readEnvironment(list: unknown): ReadonlyMap<string, string> | undefined {
  let variables: Map<string, string> | undefined;
  for (const line of listOf(list)) {
    if (typeof line !== 'string' || !(line.startsWith('SERVICE_') || line.startsWith('MESOS_TASK_ID='))) continue;
    const [, name, value] = /^(\w+)=(.*)$/s.exec(line) ?? [];
    if (name === undefined) continue;
    variables ??= new Map();
    variables.set(name, value!);
  }
  return variables;
}

function readLabels(
  value: unknown,
  environment: ReadonlyMap<string, string> | undefined,
): Readonly<Record<string, string>> {
  const written = objectOf(value);
  const labels: Record<string, string> = {};
  let isEmpty = true;
  if (environment)
    for (const [name, text] of environment) {
      if (name === 'MESOS_TASK_ID') continue;
      labels[name] = text;
      isEmpty = false;
    }
  for (const key in written) {
    const text = written[key];
    if (typeof text !== 'string') continue;
    labels[key] = text;
    isEmpty = false;
  }
  return isEmpty ? NO_LABELS : labels;
}

function readReplica(labels: Readonly<Record<string, string>>): Replica | undefined {
  const service = labels['com.docker.compose.service'];
  // One-off containers (`compose run`) are no replicas: nobody is to be sent to them.
  if (service === undefined || labels['com.docker.compose.oneoff']?.toLowerCase() === 'true') return undefined;
  return {
    service,
    stack: labels['com.docker.compose.project'],
    name: labels['com.docker.compose.container-number'],
  };
}

/** What a container's task is made of beside its own facts. */
export interface Surroundings {
  readonly framework: Framework;
  readonly agent: Agent;
  /** By id and by name; what is not in it (the swarm's plumbing) gives no addresses. */
  readonly networks: ReadonlyMap<string, Network>;
  /** The container whose network it uses; undefined when that is not running. */
  readonly host: ContainerFacts | undefined;
  readonly links: readonly LinkName[];
  /** Whether it fails again and again, and has not been up for long. */
  readonly isHeld: boolean;
}

/** The task of a container. */
export function containerTask(facts: ContainerFacts, around: Surroundings): Task {
  const { framework, agent, networks, host, links, isHeld } = around;
  const isShared = typeof facts.network === 'object';
  const home = isShared ? host : facts;
  const attachments = (home?.attachments ?? NONE).flatMap(({ networkId, addresses, aliases }): Attachment[] => {
    const network = networks.get(networkId);
    return network ? [{ network, addresses, aliases: isShared ? NONE : aliases }] : [];
  });
  const isOnHost = home?.network === 'host';
  // Who shares a network shares what is published there; the ports of the other one lead to whoever listens.
  const ports = isShared && host ? unitePorts(host.ports, facts.ports) : facts.ports;
  return {
    id: facts.mesosTask ?? facts.id,
    name: facts.name,
    framework,
    agent,
    state: facts.state === 'running' && isHeld ? 'preparing' : facts.state,
    healthy: facts.healthy,
    ready: facts.ready,
    addresses: attachments.flatMap(({ network, addresses }) =>
      addresses.map((ip) => ({ ip, origin: 'docker' as const, network: network.name })),
    ),
    hostPorts: [...new Set(ports.flatMap(({ hostPort }) => hostPort ?? []))],
    ports: isOnHost ? ports.map(onHost) : ports,
    labels: facts.labels,
    runtime: 'docker',
    container: { shortId: facts.shortId, hostname: facts.hostname, isOnHost, attachments, links },
    replica: facts.replica,
  };
}

/** On the host's network a port is the host's. */
function onHost({ protocol, containerPort }: Port): Port {
  return { protocol, containerPort, hostPort: containerPort };
}

function unitePorts(ports: readonly Port[], more: readonly Port[]): readonly Port[] {
  const isKnown = ({ containerPort, protocol }: Port) =>
    ports.some((port) => port.containerPort === containerPort && port.protocol === protocol);
  return [...ports, ...more.filter((port) => !isKnown(port))];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
