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
  /** `name`: labels below the l4lb zone, `httpi.marathon`; `key`: what its address belongs to. */
  | { readonly kind: 'named'; readonly key: string; readonly name: string }
  | { readonly kind: 'literal'; readonly ip: string };

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

/** One label of one port of a task: which VIP it asks for, and where the task is reached for it. */
interface Offer {
  readonly port: Port;
  readonly vip: Vip;
  readonly target: VipTarget;
  readonly ips: readonly string[];
  readonly number: number;
}

const L4LB = NameNode.of(L4LB_ORIGIN);

/** Names of VIPs that are kept. */
const NAMES_LIMIT = 100;

/** Reads the VIPs of tasks. */
export class TaskVips {
  readonly #settings: RecordSettings;
  readonly #addresses: AddressCache;
  readonly #exact: boolean;
  readonly #names = new Map<string, NameNode>();
  /** By name of the framework and label. */
  readonly #targets = new Map<string, Map<string, VipTarget>>();

  constructor(settings: RecordSettings, addresses: AddressCache) {
    this.#settings = settings;
    this.#addresses = addresses;
    this.#exact = settings.mode === 'exact';
  }

  /** The backends that a task gives to VIPs; none unless it is running or about to be killed. */
  backends(task: Task): VipBackend[] {
    return this.#offers(task).flatMap(({ port: { protocol }, vip, target, ips, number }) => {
      const weight = this.#takesConnections(task, target) ? 1 : 0;
      return ips.map((ip) => ({ vip: target, vipPort: vip.port, protocol, ip, port: number, weight }) as const);
    });
  }

  /** The VIPs that a task shares with others, as `isFoundUnder` knows them. */
  sharedNames(task: Task): string[] {
    return [...new Set(this.#offers(task).map(({ target }) => sharedVip(target)))];
  }

  /** The addresses that a task's named VIPs want: one for each family that it has a backend in. */
  wants(task: Task): VipWant[] {
    return this.#wants(this.#offers(task));
  }

  #wants(offers: readonly Offer[]): VipWant[] {
    if (offers.length === 0) return [];
    const wants = new Map<string, VipWant>();
    for (const { target, ips } of offers) {
      if (target.kind === 'literal' || !isName(target.name)) continue;
      for (const ip of ips) {
        const family = this.#addresses.octets(ip)?.length === 16 ? 6 : 4;
        wants.set(family + target.key, { key: target.key, name: target.name, family });
      }
    }
    return [...wants.values()];
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
    const offers = this.#offers(task);
    for (const { key, name, family } of this.#wants(offers)) {
      const octets = vips.addressOf(key, family);
      if (octets === undefined) report(`VIP ${name} has no IPv${family} address: none is left in the range`);
      else writer.addressOctets(this.#vipName(writer, name), octets);
    }
    if (!this.#exact) this.#writeBackends(writer, domain, task, offers);
  }

  #writeBackends(writer: NodeWriter, domain: MesosDomain<unknown>, task: Task, offers: readonly Offer[]): void {
    /** Targets by VIP and addresses: a task may offer one VIP at its agent and at its own address. */
    const targets = new Map<NameNode, Map<string, NameNode>>();
    for (const { port, vip, target, ips, number } of offers) {
      if (vip.kind === 'literal' || target.kind === 'literal' || ips.length === 0) continue;
      if (!this.#takesConnections(task, target)) continue;
      const parent = this.#vipName(writer, target.name);
      if (parent === NO_NODE) continue;
      const known = targets.get(parent) ?? new Map<string, NameNode>();
      targets.set(parent, known);
      let host = known.get(ips.join());
      if (host === undefined) {
        const label = domain.canonical(domain.label(task.discovery?.name ?? task.name), domain.canonicalSuffix(task));
        // A second set of addresses needs a second target, or its port would be tried at the first set's addresses.
        host = writer.under(known.size === 0 ? label : `${label}.${known.size + 1}`, parent);
        known.set(ips.join(), host);
        for (const ip of ips) writer.address([host], ip);
      }
      // One octet of the label goes to the underscore.
      const service = dcosLabel(port.name ?? vip.label).slice(0, 62);
      if (service !== '')
        writer.srv([writer.under(`_${service}._${port.protocol}`, parent)], host, number, srvWeight(domain, task));
    }
  }

  /** The name of a VIP: one and the same as long as tasks that have it come one after another. */
  #vipName(writer: NodeWriter, labels: string): NameNode {
    let name = this.#names.get(labels);
    if (name === undefined) {
      name = writer.under(labels, L4LB);
      if (this.#names.size >= NAMES_LIMIT) this.#names.clear();
      if (writer.isName(name)) this.#names.set(labels, name);
    }
    return name;
  }

  #takesConnections(task: Task, target: VipTarget): boolean {
    // Of the reference's balancer, unlike its names, ill backends get nothing.
    if (this.#exact) return task.state === 'running' && task.healthy !== false;
    return isFoundUnder(() => sharedVip(target), task, false);
  }

  #offers(task: Task): Offer[] {
    const offers: Offer[] = [];
    if (task.state !== 'running' && task.state !== 'killing') return offers;
    for (const port of task.ports)
      for (const vip of port.vips ?? []) {
        const number = port.hostPort ?? port.containerPort ?? 0;
        if (number < 1 || number > 65535) continue;
        offers.push({ port, vip, target: this.#target(vip, task), ips: this.#reachedAt(task, port, vip), number });
      }
    return offers;
  }

  #target(vip: Vip, task: Task): VipTarget {
    if (vip.kind === 'literal') return { kind: 'literal', ip: vip.ip };
    const framework = task.framework.name;
    const targets = this.#targets.get(framework) ?? new Map<string, VipTarget>();
    let target = targets.get(vip.label);
    if (target === undefined) {
      const name = `${dcosFragment(vip.label)}.${dcosFragment(framework)}`;
      // The reference tells `/foo` from `foo` and gives both an address, although their names are one.
      target = { kind: 'named', name, key: this.#exact ? JSON.stringify([vip.label, framework]) : name };
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
    const networks = this.#exact ? undefined : port.networks;
    const family = vip.kind === 'literal' ? this.#addresses.octets(vip.ip)?.length : undefined;
    return containerAddresses(task, networks).filter((ip) => {
      const length = this.#addresses.octets(ip)?.length;
      if (length === 16 && this.#settings.dcos.vip.ipv6 === false) return false;
      return length !== undefined && (family === undefined || family === length);
    });
  }
}

function sharedVip(target: VipTarget): string {
  return `vip ${target.kind === 'named' ? target.key : target.ip}`;
}

/** Whether the labels of a VIP can stand in front of the l4lb zone; an empty one cannot. */
function isName(name: string): boolean {
  return name.split('.').every((label) => label !== '') && name.length + 1 + L4LB_ORIGIN.length <= MAX_NAME;
}
