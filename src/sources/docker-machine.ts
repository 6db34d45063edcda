// The machine that an engine is on: under which addresses its published ports are reached from elsewhere, and which
// addresses tell that a client is on it.
import { lookup } from 'node:dns/promises';
import type { Agent } from '../model/agent.ts';
import type { Framework } from '../model/framework.ts';
import { parseIp } from './address.ts';
import type { EngineHost } from './docker-engine.ts';
import { interfaceAddresses, outwardAddresses } from './docker-networks.ts';
import type { Fields } from './fields.ts';
import { objectOf, textOf } from './fields.ts';
import { NONE } from './reading.ts';

export interface MachineSettings {
  /** Where published ports are reached; found out when absent. */
  readonly hostAddress?: readonly string[] | undefined;
  /** Whether IPv6 addresses of the host are told of. `auto`: those in `hostAddress`. */
  readonly hostIpv6: 'auto' | 'always' | 'never';
  /** Whether the engine is on this machine; found out when absent. */
  readonly near?: boolean | undefined;
}

/** What this machine says of itself. Tests give another one. */
export interface ThisMachine {
  /** Addresses of its interfaces. */
  addresses(): readonly string[];
  /** Those by which packets leave it. */
  outward(): readonly string[];
}

export const THIS_MACHINE: ThisMachine = { addresses: interfaceAddresses, outward: outwardAddresses };

/** An engine as a framework, and its machine as an agent. */
export interface Machine {
  readonly framework: Framework;
  readonly agent: Agent;
  readonly isNear: boolean;
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/**
 * Describes an engine's machine.
 * @param info answer of the engine to /info
 * @param containers the addresses that its containers have
 * @throws Error when the machine's address is neither given nor can be told from here; the message has the cure
 */
export async function describeMachine(
  host: EngineHost,
  place: string,
  settings: MachineSettings,
  info: Fields,
  containers: ReadonlySet<string>,
  machine: ThisMachine,
): Promise<Machine> {
  const own = machine.addresses();
  // In a container of that engine our interfaces are not the host's.
  const isInContainer = own.some((ip) => containers.has(ip));
  const told = await addressesOf(host.hostname);
  const isOwn = host.socketPath !== undefined || told.some((ip) => isLoopback(ip) || own.includes(ip));
  const isNear = settings.near ?? (isOwn || isInContainer);
  const addresses = hostAddresses(place, settings, info, isOwn ? NONE : told, isOwn && !isInContainer, machine);
  const id = textOf(info.ID) ?? place;
  const name = textOf(info.Name) ?? host.hostname ?? 'localhost';
  const singles = [...own.filter((ip) => !isLoopback(ip)), ...addresses].map(single);
  const ownPrefixes = isInContainer ? addresses.map(single) : [...LOOPBACK, ...singles];
  return {
    framework: { id, name, active: true, host: '', addresses: NONE, system: 'docker' },
    agent: {
      id: `docker/${id}`,
      hostname: name,
      host: addresses[0] ?? '',
      addresses,
      system: 'docker',
      ...(isNear && { ownPrefixes: [...new Set(ownPrefixes)] }),
    },
    isNear,
  };
}

function hostAddresses(
  place: string,
  { hostAddress, hostIpv6 }: MachineSettings,
  info: Fields,
  told: readonly string[],
  isHere: boolean,
  machine: ThisMachine,
): readonly string[] {
  // What the engine reports as bound to [::] is often not reached by IPv6 (userland-proxy=false), and it does not tell
  // when; so an IPv6 address of the host is told of only when somebody said that it works.
  if (hostAddress !== undefined) return hostAddress.filter((ip) => hostIpv6 !== 'never' || !ip.includes(':'));
  const ofSwarm = parseIp(objectOf(info.Swarm).NodeAddr);
  const found = ofSwarm !== undefined ? [ofSwarm] : told.length > 0 ? told : isHere ? machine.outward() : [];
  const usable = found.filter((ip) => hostIpv6 === 'always' || !ip.includes(':'));
  if (usable.length > 0) return usable;
  throw new Error(
    `Cannot tell under which address the ports that ${place} publishes are reached: ` +
      'set hostAddress of the source to the addresses of its machine, or to [] if nobody outside is to reach them',
  );
}

/** Addresses that the host part of an engine's address stands for. */
async function addressesOf(hostname: string | undefined): Promise<readonly string[]> {
  if (hostname === undefined) return NONE;
  const ip = parseIp(hostname);
  if (ip !== undefined) return [ip];
  // A name that cannot be looked up cannot be connected to either, which is told where that is tried.
  const found = await lookup(hostname, { all: true }).catch(() => []);
  return found.flatMap(({ address }) => parseIp(address) ?? []);
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}

function single(ip: string): string {
  return `${ip}/${ip.includes(':') ? 128 : 32}`;
}
