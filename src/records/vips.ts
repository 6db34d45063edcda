// Named VIPs as dcos-net has them: the backends that tasks offer, and the names in `l4lb.thisdcos.directory`. New here
// are SRV records that list the backends, for clients without a layer-4 balancer in front of them.
import type { Port, Protocol, Vip } from '../model/port.ts';
import type { Task } from '../model/task.ts';
import { MAX_NAME } from '../wire/name.ts';
import { NameNode } from '../wire/name-node.ts';
import { agentAddress, containerAddresses, L4LB_ORIGIN } from './dcos.ts';
import type { MesosDomain } from './mesos-domain.ts';
import { dcosFragment, dcosLabel } from './naming.ts';
import type { NodeWriter } from './node-writer.ts';
import { NO_NODE } from './node-writer.ts';
import type { RecordSettings } from './settings.ts';
import { isFoundUnder, srvWeight } from './tasks.ts';
import type { VipAddresses, VipWant } from './vip-addresses.ts';
import type { AddressCache } from './writer.ts';

/** What a VIP is known by, without its port. */
export type VipTarget =
  /**
   * `name`: labels below the l4lb zone, `httpi.marathon`, and whether they can stand there; `key`: what its address
   * belongs to; `shared`: what tasks with this VIP have in common, as `isFoundUnder` knows it.
   */
  | {
      readonly kind: 'named';
      readonly key: string;
      readonly name: string;
      readonly isName: boolean;
      readonly shared: string;
    }
  | { readonly kind: 'literal'; readonly ip: string; readonly shared: string };

/** An address and port behind a VIP. */
export interface VipBackend {
  readonly vip: VipTarget;
  readonly vipPort: number;
  readonly protocol: Protocol;
  readonly ip: string;
  readonly port: number;
  /** 1, or 0: gets no new connections but keeps those it has (unhealthy, or about to be killed). */
  readonly weight: 0 | 1;
}

/** One label of one port of a task: which VIP it asks for, and the number that is reached for it. */
interface Offer {
  readonly port: Port;
  readonly vip: Vip;
  readonly target: VipTarget;
  readonly number: number;
}

/** The same, and the addresses at which the task is reached for it. */
interface ReachedOffer extends Offer {
  readonly ips: readonly string[];
}

/** Names at which the backends of a VIP are found, and its services that were asked for. */
interface VipNames {
  readonly node: NameNode;
  readonly services: { readonly text: string; readonly protocol: Protocol; readonly owners: readonly NameNode[] }[];
}

/** A name for some of a task's addresses below a VIP. */
interface Host {
  readonly parent: NameNode;
  readonly ips: readonly string[];
  readonly name: NameNode;
}

const L4LB = NameNode.of(L4LB_ORIGIN);

/** VIPs whose names are kept, and services of each. */
const NAMES_LIMIT = 50_000;
const SERVICES_LIMIT = 100;

/** Reads the VIPs of tasks. */
export class TaskVips {
  readonly #settings: RecordSettings;
  readonly #addresses: AddressCache;
  readonly #exact: boolean;
  readonly #names = new Map<string, VipNames>();
  /** By name of the framework and label. */
  readonly #targets = new Map<string, Map<string, VipTarget>>();

  constructor(settings: RecordSettings, addresses: AddressCache) {
    this.#settings = settings;
    this.#addresses = addresses;
    this.#exact = settings.mode === 'exact';
  }

  /** Lets go of all names that it keeps. */
  forget(): void {
    this.#names.clear();
    this.#targets.clear();
  }

  /** The backends that a task gives to VIPs; none unless it is running or about to be killed. */
  backends(task: Task): VipBackend[] {
    return this.#reached(task).flatMap(({ port: { protocol }, vip, target, ips, number }) => {
      const weight = this.#takesConnections(task, target) ? 1 : 0;
      return ips.map((ip) => ({ vip: target, vipPort: vip.port, protocol, ip, port: number, weight }) as const);
    });
  }

  /** The VIPs that a task shares with others, as `isFoundUnder` knows them. */
  sharedNames(task: Task): readonly string[] {
    const names: string[] = [];
    for (const { target } of this.#offers(task)) if (!names.includes(target.shared)) names.push(target.shared);
    return names;
  }

  /** The addresses that a task's named VIPs want: one for each family that it has a backend in. */
  wants(task: Task): VipWant[] {
    return this.#wants(this.#reached(task));
  }

  #wants(offers: readonly ReachedOffer[]): VipWant[] {
    const wants: VipWant[] = [];
    for (const { target, ips } of offers) {
      if (target.kind === 'literal' || !target.isName) continue;
      for (const ip of ips) {
        const family = ip.includes(':') && this.#addresses.octets(ip)?.length === 16 ? 6 : 4;
        if (!wants.some((want) => want.key === target.key && want.family === family))
          wants.push({ key: target.key, name: target.name, family });
      }
    }
    return wants;
  }

  /**
   * Writes what a task adds to the l4lb zone: the address of each of its VIPs and, in the default mode, SRV records of
   * the backends that take connections.
   * @param domain gives each backend its canonical label
   * @param report is told of VIPs without a name or an address
   */
  write(
    writer: NodeWriter,
    domain: MesosDomain<unknown>,
    vips: VipAddresses,
    task: Task,
    report: (why: string) => void,
  ): void {
    const offers = this.#reached(task);
    for (const { key, name, family } of this.#wants(offers)) {
      const octets = vips.addressOf(key, family);
      if (octets === undefined) report(`VIP ${name} has no IPv${family} address: none is left in the range`);
      else writer.addressOctets(this.#vipNames(writer, name).node, octets);
    }
    if (!this.#exact) this.#writeBackends(writer, domain, task, offers);
  }

  #writeBackends(writer: NodeWriter, domain: MesosDomain<unknown>, task: Task, offers: readonly ReachedOffer[]): void {
    /** A task may offer one VIP at its agent and at its own address. */
    const hosts: Host[] = [];
    for (const { port, vip, target, ips, number } of offers) {
      if (vip.kind === 'literal' || target.kind === 'literal' || ips.length === 0) continue;
      if (!this.#takesConnections(task, target)) continue;
      const names = this.#vipNames(writer, target.name);
      if (names.node === NO_NODE) continue;
      let host = hosts.find(({ parent, ips: known }) => parent === names.node && isSameList(known, ips));
      if (host === undefined) {
        const label = domain.canonical(domain.labelled(task).name, domain.canonicalSuffix(task));
        const nth = hosts.filter(({ parent }) => parent === names.node).length + 1;
        // A second set of addresses needs a second target, or its port would be tried at the first set's addresses.
        const name = writer.under(nth === 1 ? label : `${label}.${nth}`, names.node);
        host = { parent: names.node, ips, name };
        hosts.push(host);
        for (const ip of ips) writer.address([name], ip);
      }
      const owners = serviceOwners(writer, names, port.name ?? vip.label, port.protocol);
      writer.srv(owners, host.name, number, srvWeight(domain, task));
    }
  }

  /** The names of a VIP, one and the same until all is forgotten. */
  #vipNames(writer: NodeWriter, labels: string): VipNames {
    let names = this.#names.get(labels);
    if (names === undefined) {
      names = { node: writer.under(labels, L4LB), services: [] };
      if (this.#names.size >= NAMES_LIMIT) this.#names.clear();
      if (writer.isName(names.node)) this.#names.set(labels, names);
    }
    return names;
  }

  #takesConnections(task: Task, target: VipTarget): boolean {
    // Of the reference's balancer, unlike its names, ill backends get nothing.
    if (this.#exact) return task.state === 'running' && task.healthy !== false;
    return isFoundUnder(() => target.shared, task, false);
  }

  #offers(task: Task): readonly Offer[] {
    const { state, ports } = task;
    if (state !== 'running' && state !== 'killing') return NO_OFFERS;
    const offers: Offer[] = [];
    for (const port of ports)
      for (const vip of port.vips ?? NO_VIPS) {
        const number = port.hostPort ?? port.containerPort ?? 0;
        if (number >= 1 && number <= 65535) offers.push({ port, vip, target: this.#target(vip, task), number });
      }
    return offers;
  }

  #reached(task: Task): readonly ReachedOffer[] {
    return this.#offers(task).map(({ port, vip, target, number }) => ({
      port,
      vip,
      target,
      number,
      ips: this.#reachedAt(task, port, vip),
    }));
  }

  #target(vip: Vip, task: Task): VipTarget {
    if (vip.kind === 'literal') return { kind: 'literal', ip: vip.ip, shared: `vip ${vip.ip}` };
    const framework = task.framework.name;
    const targets = this.#targets.get(framework) ?? new Map<string, VipTarget>();
    let target = targets.get(vip.label);
    if (target === undefined) {
      const name = `${dcosFragment(vip.label)}.${dcosFragment(framework)}`;
      // The reference tells `/foo` from `foo` and gives both an address, although their names are one.
      const key = this.#exact ? JSON.stringify([vip.label, framework]) : name;
      target = { kind: 'named', name, key, isName: isName(name), shared: `vip ${key}` };
      if (targets.size >= NAMES_LIMIT) targets.clear();
      targets.set(vip.label, target);
      if (this.#targets.size >= NAMES_LIMIT) this.#targets.clear();
      this.#targets.set(framework, targets);
    }
    return target;
  }

  /** A port's agent if the host maps it, else the task's own addresses, as far as the VIP takes them. */
  #reachedAt(task: Task, port: Port, vip: Vip): string[] {
    if (port.hostPort !== undefined) {
      const agent = agentAddress(task.agent, this.#addresses, this.#exact);
      return agent === undefined ? [] : [agent];
    }
    const family = vip.kind === 'literal' ? this.#addresses.octets(vip.ip)?.length : undefined;
    const ips: string[] = [];
    for (const ip of containerAddresses(task, this.#exact ? undefined : port.networks)) {
      const length = this.#addresses.octets(ip)?.length;
      if (length === undefined || (length === 16 && this.#settings.dcos.vip.ipv6 === false)) continue;
      if (family === undefined || family === length) ips.push(ip);
    }
    return ips;
  }
}

const NO_OFFERS: readonly Offer[] = [];
const NO_VIPS: readonly Vip[] = [];

/** `_port._proto` in front of a VIP. @param text name of the port; none when it holds no letter or digit */
function serviceOwners(
  writer: NodeWriter,
  { node, services }: VipNames,
  text: string,
  protocol: Protocol,
): readonly NameNode[] {
  for (const known of services) if (known.text === text && known.protocol === protocol) return known.owners;
  // One octet of the label goes to the underscore.
  const service = dcosLabel(text).slice(0, 62);
  const owners = service === '' ? [] : [writer.under(`_${service}._${protocol}`, node)];
  // What is no name is not kept: each task that has it is to be told of it.
  if (services.length < SERVICES_LIMIT && owners.every((owner) => writer.isName(owner)))
    services.push({ text, protocol, owners });
  return owners;
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

/** Whether the labels of a VIP can stand in front of the l4lb zone; an empty one cannot. */
function isName(name: string): boolean {
  return name.split('.').every((label) => label !== '') && name.length + 1 + L4LB_ORIGIN.length <= MAX_NAME;
}
