// What a worker knows of its swarm: no list of services, but of each network that it has a task in, by gossip, the
// services there, their tasks and the hosts of those (`GET /networks/{id}?verbose=true`). A part of the whole.
import type { Agent } from '../model/agent.ts';
import type { Problem } from '../model/cluster.ts';
import type { Attachment } from '../model/container.ts';
import type { Framework } from '../model/framework.ts';
import type { Network } from '../model/network.ts';
import type { Service, ServiceNetwork, ServicePort } from '../model/service.ts';
import type { Task, TaskAddress } from '../model/task.ts';
import { parseIp } from './address.ts';
import { readNetwork } from './docker-networks.ts';
import type { Fields } from './fields.ts';
import { listOf, objectOf, textOf } from './fields.ts';
import type { Reading } from './reading.ts';
import { NO_LABELS, NONE } from './reading.ts';
import { replicaOf } from './swarm-read.ts';

/** What is gathered of one service over the networks. */
interface Gathered {
  readonly name: string;
  stack: string | undefined;
  readonly ports: Map<string, ServicePort>;
  readonly networks: ServiceNetwork[];
  readonly tasks: Map<string, { readonly host: string; readonly attachments: Attachment[] }>;
}

/**
 * Reads the networks of a worker.
 * @param networks answers to `/networks/{id}?verbose=true`, one for each overlay
 */
export function readGossip(networks: readonly Fields[], framework: Framework): Reading {
  const agents = new Map<string, Agent>();
  const agentOf = (ip: string): Agent => {
    const known = agents.get(ip);
    if (known) return known;
    const agent: Agent = { id: ip, hostname: ip, host: ip, addresses: [ip], system: 'swarm', isReady: true };
    agents.set(ip, agent);
    return agent;
  };
  const services = new Map<string, Gathered>();
  const peers = new Set<string>();
  const read: Network[] = [];
  for (const fields of networks) {
    const network = readNetwork(fields, '', false);
    if (network) read.push(network);
    // All nodes that take published ports are peers of the network that carries them.
    else for (const { IP } of listOf(fields.Peers).map(objectOf)) if (parseIp(IP)) peers.add(parseIp(IP)!);
    gather(services, fields, network);
  }
  const ready = [...peers].sort().map(agentOf);
  const tasks: Task[] = [];
  const made = [...services.values()].map((gathered): Service => {
    const { name, stack, networks, ports } = gathered;
    const service: Service = {
      id: name,
      name,
      stack,
      framework,
      labels: NO_LABELS,
      ports: [...ports.values()],
      networks,
      ingress: ports.size > 0 ? ready : NONE,
    };
    for (const [id, { host, attachments }] of gathered.tasks)
      tasks.push(makeTask(id, service, agentOf(host), attachments));
    return service;
  });
  const partial: Problem = {
    where: 'swarm',
    why: 'seen from a worker: only services in its networks, no labels, no host-mode ports; add a manager to hosts',
  };
  return {
    cluster: { tasks, agents: [...agents.values()], frameworks: [framework], services: made, networks: read },
    problems: [partial],
  };
}

/** @param network undefined for the network that carries published ports, whose addresses are of no use to anybody */
function gather(services: Map<string, Gathered>, fields: Fields, network: Network | undefined): void {
  const listed = objectOf(fields.Services);
  const stack = textOf(objectOf(fields.Labels)['com.docker.stack.namespace']);
  for (const name of Object.keys(listed).sort()) {
    // Containers that are attached by hand are in a service without a name.
    if (name === '') continue;
    const { VIP, Ports, Tasks } = objectOf(listed[name]);
    const service: Gathered = services.get(name) ?? {
      name,
      stack: undefined,
      ports: new Map(),
      networks: [],
      tasks: new Map(),
    };
    services.set(name, service);
    if (stack !== undefined && name.startsWith(`${stack}_`)) service.stack = stack;
    for (const port of listOf(Ports)) {
      const [, target, published] = /^Target: (\d+), Publish: (\d+)$/.exec(textOf(port) ?? '') ?? [];
      // Gossip has no word of the protocol.
      if (published !== undefined && Number(published) > 0)
        service.ports.set(String(port), {
          protocol: 'tcp',
          targetPort: Number(target),
          publishedPort: Number(published),
          mode: 'ingress',
        });
    }
    if (network) service.networks.push({ network, vip: parseIp(VIP) });
    for (const task of listOf(Tasks).map(objectOf)) {
      const id = textOf(task.Name);
      const host = parseIp(objectOf(task.Info)['Host IP']);
      const ip = parseIp(task.EndpointIP);
      if (id === undefined || host === undefined || ip === undefined) continue;
      const known = service.tasks.get(id) ?? { host, attachments: [] };
      service.tasks.set(id, known);
      if (network) known.attachments.push({ network, addresses: [ip], aliases: NONE });
    }
  }
}

/** @param name `web.1.0aelaryosyrun217hlqtsfoeg`: service, slot or node, id */
function makeTask(name: string, service: Service, agent: Agent, attachments: readonly Attachment[]): Task {
  const [slot = '', id = name] = name.slice(service.name.length + 1).split('.');
  return {
    id,
    name,
    framework: service.framework,
    agent,
    state: 'running',
    ready: true,
    addresses: attachments.flatMap(({ network, addresses }) =>
      addresses.map((ip): TaskAddress => ({ ip, origin: 'docker', network: network.name })),
    ),
    hostPorts: NONE,
    ports: NONE,
    labels: NO_LABELS,
    runtime: 'docker',
    container: { shortId: id.slice(0, 12), isOnHost: false, attachments, links: NONE },
    replica: replicaOf(service, /^\d+$/.test(slot) ? slot : agent.hostname),
    service,
  };
}
