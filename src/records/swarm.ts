// The names of a swarm's services, tasks and nodes. A client in an overlay of the service gets the virtual address or the
// tasks' own; everybody else the nodes that take its published ports: all that are ready (ingress), or those with a task.
import type { Agent } from '../model/agent.ts';
import type { Service } from '../model/service.ts';
import type { Task } from '../model/task.ts';
import { isWell } from '../model/task.ts';
import { fold, nameToText, parseName } from '../wire/name.ts';
import { NameNode } from '../wire/name-node.ts';
import { SrvData } from '../wire/node-record.ts';
import type { Views } from '../wire/views.ts';
import { EVERYWHERE, Trait } from '../wire/views.ts';
import type { Audience } from './audience.ts';
import { allBut, audienceOf, NOBODY, those } from './audience.ts';
import type { Wishes } from './container-labels.ts';
import { readWishes } from './container-labels.ts';
import { containerLabels, spellings } from './container-names.ts';
import { isIgnored, portLabels, serviceOwners, Targets } from './docker.ts';
import type { Claim, NameClaims } from './name-claims.ts';
import { NamesBelow, NO_NODE, type NodeWriter } from './node-writer.ts';
import type { ReverseZones } from './reverse.ts';
import type { SwarmNameSettings } from './settings.ts';
import { bridgesFor, isOfFamily, towards } from './vantages.ts';
import type { ViewRegistry } from './view-registry.ts';
import { ViewedRecords } from './viewed-records.ts';
import type { AddressCache } from './writer.ts';

/** What makes the records of a swarm; see `records/index.ts`. */
export interface SwarmZone {
  readonly settings: SwarmNameSettings;
  readonly writer: NodeWriter;
  readonly addresses: AddressCache;
  readonly reverse: ReverseZones;
  readonly views: ViewRegistry;
  readonly claims: NameClaims;
}

/** How good a claim is: ids nobody can take, and a stack's prefix is no part of a service's own name. */
const Rank = { ID: 0, SERVICE: 1, FULL_NAME: 2, PART: 3 } as const;

/** The names of a service, and what is below them. */
interface ServiceNames {
  readonly group: string;
  /** `web.shop` and, with `_` in it, its spelling without; or just `web`. */
  readonly own: readonly string[];
  /** Those, the full name `shop_web`, and what labels ask for. */
  readonly all: readonly string[];
}

/** What the records of a service or of one of its tasks are made of. */
interface Subject {
  readonly service: Service;
  readonly wishes: Wishes;
  readonly names: ServiceNames;
  /** All that is made below the zone for it. */
  readonly below: NamesBelow;
  readonly records: ViewedRecords;
  /** Views of the service's networks. */
  readonly own: readonly number[];
  /** Clients in none of them. */
  readonly elsewhere: Audience;
}

export class SwarmRecords {
  readonly #zone: SwarmZone;
  readonly #apex: NameNode;
  /** What follows a name where it is claimed. */
  readonly #suffix: string;

  constructor(zone: SwarmZone) {
    this.#zone = zone;
    const apex = parseName(zone.settings.domain);
    this.#apex = NameNode.of(apex);
    this.#suffix = `.${nameToText(fold(apex))}`;
  }

  serviceClaims(service: Service): Claim[] {
    const wishes = readWishes(service.labels, this.#zone.settings, ignore);
    if (wishes.isIgnored) return [];
    const { group, own, all } = serviceNames(service, wishes);
    return [
      ...own.map((text) => ({ text, group, rank: Rank.SERVICE })),
      ...all.filter((text) => !own.includes(text)).map((text) => ({ text, group, rank: Rank.FULL_NAME })),
      ...own.flatMap((text) => ['tasks', 'vip'].map((part) => ({ text: `${part}.${text}`, group, rank: Rank.PART }))),
    ].flatMap((claim) => this.#claim(claim));
  }

  taskClaims(task: Task): Claim[] {
    const wishes = readWishes(task.labels, this.#zone.settings, ignore);
    if (wishes.isIgnored || !task.service) return [];
    const { group, own } = serviceNames(task.service, wishes);
    return own.flatMap((text) =>
      partsOf(task).flatMap((part) => this.#claim({ text: `${part}.${text}`, group, rank: Rank.PART })),
    );
  }

  nodeClaims(agent: Agent): Claim[] {
    const group = `node ${agent.id}`;
    const [id, ...hostnames] = nodeLabels(agent);
    return [
      { text: `${id}.node`, group, rank: Rank.ID },
      ...hostnames.map((hostname) => ({ text: `${hostname}.node`, group, rank: Rank.SERVICE })),
      { text: 'manager.node', group: 'managers', rank: Rank.ID },
    ].flatMap((claim) => this.#claim(claim));
  }

  /** `<hostname>.node.swarm`, `<id>.node.swarm`, `manager.node.swarm`. */
  writeNode(agent: Agent, report: (why: string) => void): void {
    const records = new ViewedRecords(this.#zone.addresses, report);
    const audience = agent.isReady === false ? NOBODY : allBut([]);
    const below = this.#below();
    const names = nodeLabels(agent).map((label) => `${label}.node`);
    const owners = names.filter((text) => this.#isGranted(below, text, `node ${agent.id}`, report));
    for (const text of agent.isManager ? [...owners, 'manager.node'] : owners) {
      const owner = below.of(text);
      records.at(owner).addresses(this.#nodeAddresses(agent), audience);
      records.at(owner).keep();
    }
    records.write(this.#zone.writer, undefined);
  }

  /** Virtual addresses, and the nodes that take published ports. */
  writeService(service: Service, report: (why: string) => void): void {
    const subject = this.#subject(service, report);
    if (!subject) return;
    const { names, below, records, wishes, elsewhere } = subject;
    for (const { network, vip } of service.networks) {
      if (vip === undefined) continue;
      const audience = those(this.#zone.views.within(network));
      const owners = [...names.all, ...names.own.map((text) => `vip.${text}`)];
      for (const text of owners) records.at(below.of(text)).addresses([vip], audience);
      const ports = service.ports
        .filter(({ mode }) => mode === 'ingress')
        .map(({ targetPort, protocol }) => ({ containerPort: targetPort, protocol }));
      for (const port of [...ports, ...wishedPorts(service, wishes)])
        this.#srv(subject, names.all, port, port.containerPort, below.of(`vip.${names.own[0]}`), audience.ipv4);
    }
    if (this.#zone.settings.ingress === 'ready')
      for (const agent of service.ingress) this.#writeIngress(subject, names.all, agent, elsewhere);
    for (const text of names.all) {
      const owner = below.of(text);
      for (const line of wishes.txt) records.at(owner).txt(line, EVERYWHERE);
      records.at(owner).keep();
    }
    records.write(this.#zone.writer, wishes.ttl);
  }

  /** What one task adds: its own addresses, and its node where that has a port for it. */
  writeTask(task: Task, report: (why: string) => void): void {
    const subject = task.service && this.#subject(task.service, report);
    if (!subject || !isWell(task)) return;
    const { names, below, records, wishes } = subject;
    const parts = names.own.flatMap((text) => ['tasks', ...partsOf(task)].map((part) => `${part}.${text}`));
    if (task.container!.isOnHost) {
      const ips = this.#nodeAddresses(task.agent);
      for (const text of [...names.all, ...parts]) records.at(below.of(text)).addresses(ips, allBut([]));
    }
    this.#writeInside(subject, task, parts);
    this.#writeHostPorts(subject, task, parts);
    records.write(this.#zone.writer, wishes.ttl);
  }

  #writeInside(subject: Subject, task: Task, parts: readonly string[]): void {
    const { service, wishes, names, below, records } = subject;
    const { reverse } = this.#zone;
    const [own] = names.own;
    const target = below.of(`${task.container!.shortId}.${own}`);
    for (const { network, addresses } of task.container!.attachments) {
      const audience = those(this.#zone.views.within(network));
      const vip = service.networks.find((each) => each.network.key === network.key)?.vip;
      const plain = vip === undefined ? names.all : [];
      for (const text of [...plain, ...parts]) records.at(below.of(text)).addresses(addresses, audience);
      records.at(target).addresses(addresses, audience);
      if (!reverse.isEmpty) for (const ip of addresses) reverse.write(ip, target.octets);
      for (const { targetPort, protocol, mode } of service.ports) {
        const port = { containerPort: targetPort, protocol };
        const isBehindVip = vip !== undefined && mode === 'ingress';
        this.#srv(subject, isBehindVip ? parts : [...names.all, ...parts], port, targetPort, target, audience.ipv4);
      }
      for (const port of wishedPorts(service, wishes))
        this.#srv(subject, [...plain, ...parts], port, port.containerPort, target, audience.ipv4);
    }
  }

  /** Ports that its node has for this task alone, and with `ingress: task` those that every node has. */
  #writeHostPorts(subject: Subject, task: Task, parts: readonly string[]): void {
    const { service, names, elsewhere, own } = subject;
    const isWithTask = this.#zone.settings.ingress === 'task';
    const owners = [...names.all, ...parts];
    if (service.ingress.length > 0) this.#writeIngress(subject, isWithTask ? owners : parts, task.agent, elsewhere);
    const node = this.#nodeAddresses(task.agent);
    const bridges = node === task.agent.addresses ? bridgesFor(task, this.#zone.views, own) : [];
    this.#writeNodePorts(subject, task, owners, node, allBut(own, bridges.length > 0 ? Trait.BRIDGED : 0));
    for (const bridge of bridges)
      this.#writeNodePorts(subject, task, owners, towards(bridge, node), those([bridge.view]));
  }

  /** @param node addresses that it has for the audience */
  #writeNodePorts(
    subject: Subject,
    { agent, container, ports }: Task,
    owners: readonly string[],
    node: readonly string[],
    audience: Audience,
  ): void {
    const { names, below, records } = subject;
    const targets = new Targets(`${container!.shortId}.${names.own[0]}`, { ips: [], audience }, below, records);
    const known = this.#nodeAddresses(agent);
    for (const { containerPort, protocol, hostPort, hostAddress } of ports) {
      const ips = node.filter((ip) => isOfFamily(ip, hostAddress));
      if (hostPort === undefined || containerPort === undefined || ips.length === 0) continue;
      for (const text of owners) records.at(below.of(text)).addresses(ips, audience);
      // Where one family alone has the port, the target must not have the other.
      const isWhole = ips.length === known.length && ips.every((ip) => known.includes(ip));
      const target = isWhole ? nodeName(below, agent) : targets.of({ ips });
      this.#srv(subject, owners, { containerPort, protocol }, hostPort, target, audienceOf(audience, ips));
    }
  }

  /** A node that takes the published ports of a service. */
  #writeIngress(subject: Subject, owners: readonly string[], agent: Agent, audience: Audience): void {
    const ips = this.#nodeAddresses(agent);
    const views = audienceOf(audience, ips);
    const { service, below, records } = subject;
    for (const text of owners) records.at(below.of(text)).addresses(ips, audience);
    const target = nodeName(below, agent);
    for (const { mode, publishedPort, targetPort, protocol } of service.ports)
      if (mode === 'ingress' && publishedPort !== undefined)
        this.#srv(subject, owners, { containerPort: targetPort, protocol }, publishedPort, target, views);
  }

  /** SRV records of a port under names of its service, by number, by name, and in the order of Mesos-DNS. */
  #srv(
    { service, wishes, names, below, records }: Subject,
    owners: readonly string[],
    port: { readonly containerPort: number; readonly protocol: 'tcp' | 'udp' },
    number: number,
    target: NameNode,
    views: Views,
  ): void {
    if (isIgnored(wishes, port.containerPort, port.protocol)) return;
    const data = new SrvData(wishes.priority, wishes.weight, number, target);
    for (const text of owners)
      for (const label of portLabels(wishes, port))
        records.at(below.of(`${label}._${port.protocol}.${text}`)).srv(data, views);
    for (const { text, label, rest } of serviceOwners(ownName(service), service.stack))
      if (owners.includes(text) && names.own.includes(text))
        records.at(below.of(`${label}._${port.protocol}${rest && `.${rest}`}`)).srv(data, views);
  }

  #subject(service: Service, report: (why: string) => void): Subject | undefined {
    const wishes = readWishes(service.labels, this.#zone.settings, report);
    if (wishes.isIgnored) return undefined;
    const { group, own, all } = serviceNames(service, wishes);
    const below = this.#below();
    const granted = all.filter((text) => this.#isGranted(below, text, group, report));
    const names = { group, own: own.filter((text) => granted.includes(text)), all: granted };
    if (names.own.length === 0) return undefined;
    const { views, addresses } = this.#zone;
    const inside = service.networks.flatMap(({ network }) => views.within(network));
    return {
      service,
      wishes,
      names,
      below,
      records: new ViewedRecords(addresses, report),
      own: inside,
      elsewhere: allBut(inside),
    };
  }

  #nodeAddresses(agent: Agent): readonly string[] {
    const { addresses } = readWishes(agent.labels ?? {}, this.#zone.settings, ignore);
    return addresses.length > 0 ? addresses : agent.addresses;
  }

  #claim({ text, group, rank }: { text: string; group: string; rank: number }): Claim[] {
    return this.#zone.writer.under(text, this.#apex) === NO_NODE ? [] : [{ owner: text + this.#suffix, group, rank }];
  }

  #isGranted(below: NamesBelow, text: string, group: string, report: (why: string) => void): boolean {
    if (below.of(text) === NO_NODE) return false;
    const owner = text + this.#suffix;
    const { claims, settings } = this.#zone;
    if (claims.isGranted(owner, group)) return true;
    report(`the name ${text}.${settings.domain} is left to ${claims.winner(owner)}`);
    return false;
  }

  #below(): NamesBelow {
    return new NamesBelow(this.#zone.writer, this.#apex);
  }
}

function nodeName(below: NamesBelow, agent: Agent): NameNode {
  return below.of(`${nodeLabels(agent)[0]}.node`);
}

/** Claims are made before the records, which report. */
function ignore(): void {}

/** A service's name without the prefix of its stack. */
function ownName({ name, stack }: Service): string {
  return stack !== undefined && name.startsWith(`${stack}_`) ? name.slice(stack.length + 1) : name;
}

function serviceNames(service: Service, wishes: Wishes): ServiceNames {
  const parts = [ownName(service), ...(service.stack === undefined ? [] : [service.stack])].map(containerLabels);
  const own = parts.includes('') ? [] : spellings(parts.join('.'));
  const more = [service.name, ...wishes.names].map(containerLabels).filter(Boolean).flatMap(spellings);
  return { group: `service ${service.id}`, own, all: [...new Set([...own, ...more])] };
}

/** What a task is called below its service: its slot or node, and an id that is its alone. */
function partsOf({ replica, container }: Task): string[] {
  const label = containerLabels(replica?.name ?? '');
  return label === '' ? [container!.shortId] : [label, container!.shortId];
}

/** Characters of a node's id that tell it apart; host names can repeat. */
const NODE_ID = 12;

/** The label of a node's id, then those of its host name. */
function nodeLabels({ id, hostname }: Agent): string[] {
  // Of a worker's view the address is all that is known; its dots would make names of it.
  const label = containerLabels(isAddress(id) ? id.replace(/[.:]/g, '-') : id.slice(0, NODE_ID));
  const host = containerLabels(isAddress(hostname) ? '' : hostname);
  return host === '' ? [label] : [label, ...spellings(host)];
}

function isAddress(text: string): boolean {
  return /^[\d.]+$|:/.test(text);
}

/** Ports that only a label tells of. */
function wishedPorts({ ports }: Service, wishes: Wishes): { containerPort: number; protocol: 'tcp' | 'udp' }[] {
  return wishes.ports
    .filter(({ number, name }) => name !== undefined && !ports.some(({ targetPort }) => targetPort === number))
    .map(({ number, protocol = 'tcp' }) => ({ containerPort: number, protocol }));
}
