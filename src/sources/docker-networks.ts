// What an engine says of its networks (`GET /networks`), and the addresses of the machine that the engine is on.
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Guest, Network, NetworkKind, Subnet } from '../model/network.ts';
import { parseIp } from './address.ts';
import type { Fields } from './fields.ts';
import { listOf, objectOf, textOf } from './fields.ts';

const KINDS: Readonly<Record<string, NetworkKind>> = {
  bridge: 'bridge',
  overlay: 'overlay',
  macvlan: 'lan',
  ipvlan: 'lan',
};

/** The bridge by which containers of overlays go out. */
export const GATEWAY_BRIDGE = 'docker_gwbridge';

/**
 * Reads one network.
 * @param agent id of the machine that the engine is on
 * @param isNear whether that is the machine that this server runs on
 * @returns undefined for what gives no addresses to tell of: the host's own network, none, the swarm's plumbing
 */
export function readNetwork(fields: Fields, agent: string, isNear: boolean): Network | undefined {
  const id = textOf(fields.Id);
  const name = textOf(fields.Name);
  const driver = textOf(fields.Driver) ?? '';
  if (id === undefined || name === undefined || fields.Ingress === true || fields.ConfigOnly === true) return undefined;
  if (driver === 'host' || driver === 'null') return undefined;
  const kind = KINDS[driver] ?? 'other';
  const isOfSwarm = fields.Scope === 'swarm';
  const isInternal = fields.Internal === true;
  return {
    id,
    key: isOfSwarm ? id : `${agent}/${id}`,
    name,
    kind,
    ...(!isOfSwarm && { agent }),
    isInternal,
    // Addresses of the LAN are their holders' own wherever they turn up, unless nothing leads out.
    isNear: kind === 'overlay' || (isNear && (kind !== 'lan' || isInternal)),
    subnets: listOf(objectOf(fields.IPAM).Config).flatMap((subnet) => readSubnet(objectOf(subnet), kind)),
  };
}

function readSubnet({ Subnet: subnet, Gateway }: Fields, kind: NetworkKind): Subnet[] {
  const prefix = parsePrefix(subnet);
  if (prefix === undefined) return [];
  // The default bridge does not tell its own address; Docker takes the first.
  const gateway =
    parseIp(textOf(Gateway)?.replace(/\/\d+$/, '')) ?? (kind === 'bridge' ? firstOf(prefix.address) : undefined);
  return [gateway === undefined ? prefix : { ...prefix, gateway }];
}

/** `172.17.0.0/16`; undefined when it is no prefix. */
export function parsePrefix(value: unknown): { readonly address: string; readonly length: number } | undefined {
  const [, text, length] = /^(.+)\/(\d{1,3})$/.exec(textOf(value) ?? '') ?? [];
  const address = parseIp(text);
  if (address === undefined || Number(length) > (address.includes(':') ? 128 : 32)) return undefined;
  return { address, length: Number(length) };
}

/** The address after the one that names the network. */
function firstOf(network: string): string | undefined {
  if (!network.includes(':')) return parseIp(network.replace(/\d+$/, (octet) => String(Number(octet) + 1)));
  return network.endsWith('::') ? parseIp(`${network}1`) : undefined;
}

/**
 * Who is a guest in the bridge of the overlays (`GET /networks/docker_gwbridge`).
 * @param homeOf `Network.key` of the network that a container belongs to
 */
export function readGuests(bridge: Fields, homeOf: (container: string) => string | undefined): Guest[] {
  const holders = objectOf(bridge.Containers);
  return Object.keys(holders)
    .sort()
    .flatMap((container) => {
      const network = homeOf(container);
      const { IPv4Address, IPv6Address } = objectOf(holders[container]);
      if (network === undefined) return [];
      return [IPv4Address, IPv6Address].flatMap((prefix) => {
        const address = parsePrefix(prefix)?.address;
        return address === undefined ? [] : [{ address, network }];
      });
    });
}

/** The addresses of this machine's interfaces, without those of links (`fe80::`). */
export function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address }) => !address.startsWith('fe80:'))
    .map(({ address }) => address);
}

/** The addresses of the interface by which packets leave this machine; empty when it is not known. */
export function outwardAddresses(): readonly string[] {
  const name = defaultInterface();
  const addresses = name === undefined ? [] : (networkInterfaces()[name] ?? []);
  return addresses
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address);
}

/** A line of /proc/net/route: interface, destination and gateway in hexadecimal, ..., mask. */
function defaultInterface(): string | undefined {
  let routes: string;
  try {
    routes = readFileSync('/proc/net/route', 'utf8');
  } catch {
    return undefined;
  }
  for (const line of routes.split('\n').slice(1)) {
    const [name, destination, , , , , , mask] = line.split('\t');
    if (destination === '00000000' && mask === '00000000') return name;
  }
  return undefined;
}
