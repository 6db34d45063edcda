// The address and port that are right for a container, by where the client stands: in a network with it, on its host, in
// another network of the host, or outside. What is not reachable from a place is not told there.
import type { Attachment } from '../model/container.ts';
import type { Network } from '../model/network.ts';
import type { Port, Protocol } from '../model/port.ts';
import type { Task } from '../model/task.ts';
import { OUTSIDE, Trait } from '../wire/views.ts';
import type { Audience } from './audience.ts';
import { allBut, isIpv6, those } from './audience.ts';
import type { Wishes } from './container-labels.ts';
import type { Bridge, ViewRegistry } from './view-registry.ts';

/** A port of the container, and where clients reach it. */
export interface Offer {
  /** What the container calls it. */
  readonly containerPort: number;
  readonly protocol: Protocol;
  /** What clients connect to, at each of the addresses. */
  readonly port: number;
  readonly ips: readonly string[];
}

/** What clients in some places get. */
export interface Vantage {
  /** `bridge`: as `published`, at the addresses that the host has in a network alone. */
  readonly kind: 'inside' | 'here' | 'published' | 'bridge';
  readonly audience: Audience;
  /** The network, of a vantage inside one. */
  readonly network?: Network | undefined;
  /** Addresses of its names. */
  readonly ips: readonly string[];
  readonly offers: readonly Offer[];
}

/** A binding of a port on the host, its addresses spelled out. */
interface Binding {
  readonly port: Port;
  readonly ips: readonly string[];
  /** Bound to one address, and not to all of a family. */
  readonly isSpecific: boolean;
}

/**
 * Where a container is reached from each place.
 * @param fromHost what clients on its host get where both work
 */
export function containerVantages(
  task: Task,
  views: ViewRegistry,
  fromHost: 'container' | 'published',
  wishes: Wishes,
): Vantage[] {
  const { container, agent, ports } = task;
  // Addresses that somebody asked for hold for everybody outside the container's networks.
  const isWished = wishes.addresses.length > 0;
  const hostIps = isWished ? wishes.addresses : agent.addresses;
  if (container!.isOnHost) return vantagesOnHost(task, hostIps, isWished ? [] : views.bridges(agent));
  const vantages: Vantage[] = [];
  const inner: Attachment[] = [];
  const own: number[] = [];
  const lan: string[] = [];
  for (const attachment of container!.attachments) {
    const { network, addresses } = attachment;
    if (addresses.length === 0) continue;
    if (network.kind === 'lan' && !network.isInternal) lan.push(...addresses);
    else {
      const within = views.within(network);
      own.push(...within);
      inner.push(attachment);
      const offers = atContainer(ports, addresses);
      vantages.push({ kind: 'inside', audience: those(within), network, ips: addresses, offers });
    }
  }

  const bindings: Binding[] = [];
  const reachable: Binding[] = [];
  for (const port of ports) {
    if (port.hostPort === undefined) continue;
    const binding = bindingOf(port, hostIps);
    bindings.push(binding);
    if (!(binding.isSpecific && isLoopback(binding.ips[0]!))) reachable.push(binding);
  }
  const here = views.host(agent);
  if (here !== undefined)
    vantages.push(vantageHere(those([here]), fromHost, ports, bindings, bridgedIps(inner, wishes.network)));
  const inOrOn = here === undefined ? own : [...own, here];
  const others = isWished ? [] : bridgesFor(task, views, own);
  for (const bridge of others) vantages.push(vantageInBridge(bridge, reachable, agent.addresses));
  const beside = others.length > 0 ? Trait.BRIDGED : 0;
  // The host's own address towards its containers is no address for those outside. And a container with an address in the
  // LAN answers from there, also what came by the host: those outside would be answered from where they did not ask.
  const fromOutside: Binding[] = [];
  for (const binding of reachable) {
    const { port, isSpecific } = binding;
    const ips =
      lan.length === 0 ? binding.ips : binding.ips.filter((ip) => !lan.some((own) => isIpv6(own) === isIpv6(ip)));
    if (ips.length > 0 && !(isSpecific && views.isGateway(agent, ips[0]!))) fromOutside.push({ port, ips, isSpecific });
  }
  if (lan.length === 0 && fromOutside.length === reachable.length) {
    vantages.push(published(allBut(inOrOn, beside), reachable));
    return vantages;
  }
  const outside = published(those([OUTSIDE]), fromOutside);
  vantages.push({
    ...outside,
    ips: [...outside.ips, ...lan],
    offers: lan.length > 0 ? [...outside.offers, ...atContainer(ports, lan)] : outside.offers,
  });
  vantages.push(published(allBut([OUTSIDE, ...inOrOn], beside), reachable));
  return vantages;
}

/**
 * Where its host reaches a container at its own addresses. The host has a way into its bridges; into overlays and its own
 * LAN networks it has none.
 * @param wished name of the network that counts alone, if there is such a one
 */
function bridgedIps(inner: readonly Attachment[], wished: string | undefined): readonly string[] {
  const bridged = inner.filter(({ network }) => network.kind !== 'overlay' && network.kind !== 'lan');
  const chosen = wished === undefined ? [] : bridged.filter(({ network }) => network.name === wished);
  const counted = chosen.length > 0 ? chosen : bridged;
  return counted.length === 1 ? counted[0]!.addresses : counted.flatMap(({ addresses }) => addresses);
}

/** A container that has the host's network: where the host is, and for clients in closed networks its address there. */
function vantagesOnHost({ agent, ports }: Task, hostIps: readonly string[], bridges: readonly Bridge[]): Vantage[] {
  const bindings = ports.map((port): Binding => ({ port, ips: hostIps, isSpecific: false }));
  const isBridged = bridges.length > 0 && ports.some(isBoundForDatagrams);
  const everywhere = published(allBut([], isBridged ? Trait.BRIDGED : 0), bindings);
  const inside = bridges
    .filter(({ view }) => isBridged || isClosed(view))
    .map((bridge) => ({
      ...vantageInBridge(bridge, bindings, agent.addresses),
      ips: towards(bridge, agent.addresses),
    }));
  return [{ ...everywhere, ips: hostIps }, ...inside];
}

/**
 * The bridges of its machine whose clients reach a task's published ports at the machine's address there and not at
 * another. A program that listens at all addresses answers datagrams from the one that is nearest to the client, and so
 * does the proxy of the engine: who asks at another one is answered from where he did not ask. Streams stay at the address
 * that they began at.
 * @param own views in which the task is reached at its own address
 */
export function bridgesFor({ agent, ports }: Task, views: ViewRegistry, own: readonly number[]): Bridge[] {
  if (!ports.some(isBoundForDatagrams)) return [];
  return views.bridges(agent).filter(({ view }) => !isClosed(view) && !own.includes(view));
}

/** Whether the records of a task change with the bridges of its machine. */
export function dependsOnBridges({ container, ports }: Task): boolean {
  return container !== undefined && (container.isOnHost || ports.some(isBoundForDatagrams));
}

function isBoundForDatagrams({ protocol, hostPort, hostAddress }: Port): boolean {
  return protocol === 'udp' && hostPort !== undefined && isWildcard(hostAddress);
}

function isClosed(view: number): boolean {
  return (view & Trait.CLOSED) !== 0;
}

/** A client in a bridge of the host: what is bound to all addresses is told at the host's address in that bridge. */
function vantageInBridge(bridge: Bridge, bindings: readonly Binding[], hostIps: readonly string[]): Vantage {
  const ips = towards(bridge, hostIps);
  const isIpv4 = (bridge.view & Trait.WITHOUT_IPV6) !== 0;
  const reachable: Binding[] = [];
  for (const { port, isSpecific, ips: bound } of bindings) {
    const usable = isSpecific
      ? bound.filter((ip) => !isIpv4 || !isIpv6(ip))
      : ips.filter((ip) => isOfFamily(ip, port.hostAddress));
    if (usable.length > 0) reachable.push({ port, ips: usable, isSpecific });
  }
  return { ...published(those([bridge.view]), reachable), kind: 'bridge' };
}

/** The host's addresses towards a bridge; by IPv6 only if it is known to take connections by IPv6 at all. */
export function towards({ gateways }: Bridge, hostIps: readonly string[]): readonly string[] {
  return hostIps.some(isIpv6) ? gateways : gateways.filter((ip) => !isIpv6(ip));
}

/** Clients on the host reach everything; what is bound to one address is told there, as it is wanted there. */
function vantageHere(
  audience: Audience,
  fromHost: 'container' | 'published',
  ports: readonly Port[],
  bindings: readonly Binding[],
  containerIps: readonly string[],
): Vantage {
  if (containerIps.length === 0) return { ...published(audience, bindings), kind: 'here' };
  const unpublished = ports.filter(({ hostPort }) => hostPort === undefined);
  if (fromHost === 'published') {
    const { ips, offers } = published(audience, bindings);
    const all = [...offers, ...atContainer(unpublished, containerIps)];
    return { kind: 'here', audience, ips: ips.length > 0 ? ips : containerIps, offers: all };
  }
  const specific = bindings.filter(({ isSpecific }) => isSpecific);
  if (specific.length === 0)
    return { kind: 'here', audience, ips: containerIps, offers: atContainer(ports, containerIps) };
  const wild = bindings.filter(({ isSpecific }) => !isSpecific).map(({ port }) => port);
  const offers = [...atContainer([...unpublished, ...wild], containerIps), ...published(audience, specific).offers];
  return { kind: 'here', audience, ips: containerIps, offers };
}

function atContainer(ports: readonly Port[], ips: readonly string[]): Offer[] {
  const offers = new Map<number, Offer>();
  for (const { containerPort, protocol } of ports)
    if (containerPort !== undefined)
      offers.set(numberOf(containerPort, protocol), { containerPort, protocol, port: containerPort, ips });
  return [...offers.values()];
}

/** Bindings of one port to one number are one offer: a client may take either family. */
function published(audience: Audience, bindings: readonly Binding[]): Vantage {
  const offers = new Map<number, Offer & { ips: string[] }>();
  for (const { port, ips } of bindings) {
    if (ips.length === 0) continue;
    const { protocol } = port;
    const containerPort = port.containerPort!;
    const hostPort = port.hostPort!;
    const key = hostPort * 2 ** 17 + numberOf(containerPort, protocol);
    const known = offers.get(key);
    if (known === undefined) offers.set(key, { containerPort, protocol, port: hostPort, ips: [...ips] });
    else for (const ip of ips) if (!known.ips.includes(ip)) known.ips.push(ip);
  }
  // What is bound to all addresses is reached at the single ones, too, and not the other way round.
  const bound = { ipv4: false, ipv6: false };
  for (const { isSpecific, ips } of bindings) if (isSpecific) bound[isIpv6(ips[0]!) ? 'ipv6' : 'ipv4'] = true;
  const all = new Set<string>();
  for (const { isSpecific, ips } of bindings)
    for (const ip of ips) if (isSpecific || !bound[isIpv6(ip) ? 'ipv6' : 'ipv4']) all.add(ip);
  return { kind: 'published', audience, ips: [...all], offers: [...offers.values()] };
}

/** Tells the ports of a container apart: below 2^17. */
export function numberOf(containerPort: number, protocol: Protocol): number {
  return containerPort * 2 + (protocol === 'tcp' ? 0 : 1);
}

function bindingOf(port: Port, hostIps: readonly string[]): Binding {
  const { hostAddress } = port;
  if (!isWildcard(hostAddress)) return { port, ips: [hostAddress!], isSpecific: true };
  return { port, ips: hostIps.filter((ip) => isOfFamily(ip, hostAddress)), isSpecific: false };
}

function isWildcard(hostAddress: string | undefined): boolean {
  return hostAddress === undefined || hostAddress === '0.0.0.0' || hostAddress === '::';
}

/** @param bound `0.0.0.0` or `::`; all addresses of both families when absent */
export function isOfFamily(ip: string, bound: string | undefined): boolean {
  return bound === undefined || isIpv6(ip) === isIpv6(bound);
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}
