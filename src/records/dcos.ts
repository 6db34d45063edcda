// The zones of dcos-net beside the VIPs: three names a task in `dcos.thisdcos.directory`, the masters, and the small
// fixed zones that the rest of DC/OS asks for.
import type { Agent } from '../model/agent.ts';
import type { Masters } from '../model/masters.ts';
import type { Port } from '../model/port.ts';
import type { Task } from '../model/task.ts';
import { Type } from '../wire/codes.ts';
import type { Name } from '../wire/name.ts';
import { parseName } from '../wire/name.ts';
import { NameNode } from '../wire/name-node.ts';
import { dcosLabel } from './naming.ts';
import type { NodeWriter } from './node-writer.ts';
import { NO_NODE } from './node-writer.ts';
import type { DcosSettings } from './settings.ts';
import type { AddressCache, WireWriter } from './writer.ts';

export const DIRECTORY = parseName('thisdcos.directory');
export const DCOS_ORIGIN = parseName('dcos', DIRECTORY);
export const L4LB_ORIGIN = parseName('l4lb', DIRECTORY);
export const MIRROR_ORIGIN = parseName('mesos', DIRECTORY);
export const THISNODE_ORIGIN = parseName('thisnode', DIRECTORY);
export const SPARTAN_ORIGIN = parseName('spartan');
export const ZK_ORIGIN = parseName('zk');
export const LOCALHOST_ORIGIN = parseName('localhost');

/**
 * The address that DC/OS knows an agent by: the first IPv4 one.
 * @param exact only IPv4, as in the reference; else an agent without one is known by its first IPv6 address
 */
export function agentAddress(agent: Agent, addresses: AddressCache, exact: boolean): string | undefined {
  return (
    agent.addresses.find((ip) => addresses.octets(ip)?.length === 4) ??
    (exact ? undefined : agent.addresses.find((ip) => addresses.octets(ip) !== undefined))
  );
}

/**
 * A task's own addresses as Mesos reports them in its status.
 * @param networks only those in these networks; an address whose network is not said counts as in all of them
 */
export function containerAddresses(task: Task, networks?: readonly string[]): string[] {
  const ips: string[] = [];
  for (const { ip, origin, network } of task.addresses)
    if (origin === 'netinfo' && isIn(networks, network)) ips.push(ip);
  return ips;
}

function isIn(networks: readonly string[] | undefined, network: string | undefined): boolean {
  return networks === undefined || networks.length === 0 || network === undefined || networks.includes(network);
}

/** The three names that all tasks of one name have. */
interface DcosNames {
  readonly agentIp: readonly NameNode[];
  readonly containerIp: readonly NameNode[];
  /** The same and the third name: to which of the two it leads depends on the task. */
  readonly agentAndAuto: readonly NameNode[];
  readonly containerAndAuto: readonly NameNode[];
}

/** Names of tasks whose names here are kept. */
const NAMES_LIMIT = 50_000;

function isMapped({ hostPort }: Port): boolean {
  return hostPort !== undefined;
}

/** Writes the names of tasks: `T.F.agentip`, `T.F.containerip` and `T.F.autoip` in the dcos zone. */
export class DcosTasks {
  readonly #writer: NodeWriter;
  readonly #addresses: AddressCache;
  readonly #exact: boolean;
  readonly #agentIp = NameNode.of(parseName('agentip', DCOS_ORIGIN));
  readonly #containerIp = NameNode.of(parseName('containerip', DCOS_ORIGIN));
  readonly #autoIp = NameNode.of(parseName('autoip', DCOS_ORIGIN));
  /** By name of the framework and of the task, until all is forgotten. */
  readonly #names = new Map<string, Map<string, DcosNames>>();
  #kept = 0;

  constructor(writer: NodeWriter, addresses: AddressCache, exact: boolean) {
    this.#writer = writer;
    this.#addresses = addresses;
    this.#exact = exact;
  }

  /** Lets go of all names that it keeps. */
  forget(): void {
    this.#names.clear();
    this.#kept = 0;
  }

  /** @param report is told when the task cannot have these names */
  write(task: Task, report: (why: string) => void): void {
    const writer = this.#writer;
    const names = this.#namesOf(task.discovery?.name ?? task.name, task.framework.name);
    if (names === undefined) {
      report("its name or its framework's holds no letter or digit: no names in dcos.thisdcos.directory");
      return;
    }
    const agent = agentAddress(task.agent, this.#addresses, this.#exact);
    const container = containerAddresses(task);
    const isAtAgent = container.length === 0 || task.ports.some(isMapped);
    if (agent !== undefined) writer.address(isAtAgent ? names.agentAndAuto : names.agentIp, agent);
    for (const ip of container) writer.address(isAtAgent ? names.containerIp : names.containerAndAuto, ip);
  }

  /** @returns undefined when one of the two names holds no letter or digit */
  #namesOf(taskName: string, frameworkName: string): DcosNames | undefined {
    const known = this.#names.get(frameworkName)?.get(taskName);
    if (known !== undefined) return known;
    const label = dcosLabel(taskName);
    const framework = dcosLabel(frameworkName);
    if (label === '' || framework === '') return undefined;
    const under = (family: NameNode) => this.#writer.under(label, this.#writer.under(framework, family));
    const [agentIp, containerIp, autoIp] = [under(this.#agentIp), under(this.#containerIp), under(this.#autoIp)];
    const names = {
      agentIp: [agentIp],
      containerIp: [containerIp],
      agentAndAuto: [agentIp, autoIp],
      containerAndAuto: [containerIp, autoIp],
    };
    // What is no name is not kept: each task that has it is to be told of it.
    if (containerIp === NO_NODE) return names;
    if (this.#kept >= NAMES_LIMIT) this.forget();
    this.#kept++;
    const ofFramework = this.#names.get(frameworkName);
    if (ofFramework) ofFramework.set(taskName, names);
    else this.#names.set(frameworkName, new Map([[taskName, names]]));
    return names;
  }
}

/** `leader` and `master` in the dcos zone. */
export function writeDcosMasters(writer: WireWriter, masters: Masters): void {
  if (masters.leader !== undefined) writer.address([writer.under('leader', DCOS_ORIGIN)], masters.leader.ip);
  for (const ip of masterAddresses(masters)) writer.address([writer.under('master', DCOS_ORIGIN)], ip);
}

/** `zk-1.zk` to `zk-5.zk`: the masters over and over, so that there are always five. */
export function writeZk(writer: WireWriter, masters: Masters): void {
  const addresses = masterAddresses(masters);
  if (addresses.length === 0) return;
  for (let i = 0; i < 5; i++)
    writer.address([writer.under(`zk-${i + 1}`, ZK_ORIGIN)], addresses[i % addresses.length]!);
}

/** Each master's address once, in the order reported, the leader last when the list does not have it. */
function masterAddresses({ leader, all }: Masters): string[] {
  return [...new Set([...all, ...(leader === undefined ? [] : [leader])].map(({ ip }) => ip))];
}

/** The names that DC/OS checks for on each node; the second is an address of its network interface `spartan`. */
export function writeSpartan(writer: WireWriter): void {
  writer.address([writer.under('ready', SPARTAN_ORIGIN)], '127.0.0.1');
  writer.address([writer.under('ns', SPARTAN_ORIGIN)], '198.51.100.1');
}

/** `localhost`, which programs look up over DNS, too. */
export function writeLocalhost(writer: WireWriter): void {
  writer.address([LOCALHOST_ORIGIN], '127.0.0.1');
}

/** `thisnode.thisdcos.directory` and `public` below it: the machine that answers. */
export function writeThisNode(writer: WireWriter, node: NonNullable<DcosSettings['thisNode']>): void {
  for (const ip of node.private) writer.address([THISNODE_ORIGIN], ip);
  const publicName = writer.under('public', THISNODE_ORIGIN);
  for (const ip of node.public) writer.address([publicName], ip);
}

/**
 * The aliases of a configured zone: CNAME records.
 * @param aliases name below the zone -> target
 */
export function writeAliases(writer: WireWriter, origin: Name, aliases: Readonly<Record<string, string>>): void {
  for (const [name, target] of Object.entries(aliases))
    writer.record(writer.under(name, origin), Type.CNAME, parseName(target));
}
