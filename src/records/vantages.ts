// The address and port that are right for a container, by where the client stands: in a network with it, on its host, in
// another network of the host, or outside. What is not reachable from a place is not told there.
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
  const attached = container!.attachments.filter(({ addresses }) => addresses.length > 0);
  const isOnLan = ({ kind, isInternal }: Network): boolean => kind === 'lan' && !isInternal;
  const inner = attached.filter(({ network }) => !isOnLan(network));
  const vantages = inner.map(
    ({ network, addresses }): Vantage => ({
      kind: 'inside',
      audience: those(views.within(network)),
      network,
      ips: addresses,
      offers: atContainer(ports, addresses),
    }),
  );

  const bindings = ports.flatMap((port) => (port.hostPort === undefined ? [] : bindingOf(port, hostIps)));
  const reachable = bindings.filter(({ isSpecific, ips }) => !(isSpecific && isLoopback(ips[0]!)));
  const own = inner.flatMap(({ network }) => views.within(network));
  const here = views.host(agent);
  if (here !== undefined) {
    // The host has a way into its bridges; into overlays and its own LAN networks it has none.
    const bridged = inner.filter(({ network }) => network.kind !== 'overlay' && network.kind !== 'lan');
    const wished = bridged.filter(({ network }) => network.name === wishes.network);
    const ips = (wished.length > 0 ? wished : bridged).flatMap(({ addresses }) => addresses);
    vantages.push(vantageHere(those([here]), fromHost, ports, bindings, ips));
  }
  const inOrOn = here === undefined ? own : [...own, here];
  const others = isWished ? [] : bridgesFor(task, views, own);
  for (const bridge of others) vantages.push(vantageInBridge(bridge, reachable, agent.addresses));
  const beside = others.length > 0 ? Trait.BRIDGED : 0;
  const lan = attached.filter(({ network }) => isOnLan(network)).flatMap(({ addresses }) => addresses);
  // The host's own address towards its containers is no address for those outside. And a container with an address in the
  // LAN answers from there, also what came by the host: those outside would be answered from where they did not ask.
  const fromOutside = reachable
    .map((binding) => ({ ...binding, ips: binding.ips.filter((ip) => !lan.some((own) => isIpv6(own) === isIpv6(ip))) }))
    .filter(({ isSpecific, ips }) => ips.length > 0 && !(isSpecific && views.isGateway(agent, ips[0]!)));
  if (lan.length === 0 && fromOutside.length === reachable.length)
    return [...vantages, published(allBut(inOrOn, beside), reachable)];
  const outside = published(those([OUTSIDE]), fromOutside);
  vantages.push({
    ...outside,
    ips: [...outside.ips, ...lan],
    offers: lan.length > 0 ? [...outside.offers, ...atContainer(ports, lan)] : outside.offers,
  });
  vantages.push(published(allBut([OUTSIDE, ...inOrOn], beside), reachable));
  return vantages;
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
  const usable = bindings.map((binding) => ({
    ...binding,
    ips: binding.isSpecific
      ? binding.ips.filter((ip) => !isIpv4 || !isIpv6(ip))
      : ips.filter((ip) => isOfFamily(ip, binding.port.hostAddress)),
  }));
  const reachable = usable.filter((binding) => binding.ips.length > 0);
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
  const unpublished = ports.filter(({ hostPort }) => hostPort === undefined);
  if (containerIps.length === 0) return { ...published(audience, bindings), kind: 'here' };
  if (fromHost === 'published') {
    const { ips, offers } = published(audience, bindings);
    const all = [...offers, ...atContainer(unpublished, containerIps)];
    return { kind: 'here', audience, ips: ips.length > 0 ? ips : containerIps, offers: all };
  }
  const wild = bindings.filter(({ isSpecific }) => !isSpecific).map(({ port }) => port);
  const specific = bindings.filter(({ isSpecific }) => isSpecific);
  const offers = [...atContainer([...unpublished, ...wild], containerIps), ...published(audience, specific).offers];
  return { kind: 'here', audience, ips: containerIps, offers };
}

function atContainer(ports: readonly Port[], ips: readonly string[]): Offer[] {
  const offers = new Map<string, Offer>();
  for (const { containerPort, protocol } of ports)
    if (containerPort !== undefined)
      offers.set(`${containerPort}/${protocol}`, { containerPort, protocol, port: containerPort, ips });
  return [...offers.values()];
}

/** Bindings of one port to one number are one offer: a client may take either family. */
function published(audience: Audience, bindings: readonly Binding[]): Vantage {
  const offers = new Map<string, Offer & { ips: string[] }>();
  for (const { port, ips } of bindings) {
    const { containerPort, protocol, hostPort } = port;
    const key = `${containerPort}/${protocol}/${hostPort}`;
    const known = offers.get(key);
    if (known) known.ips.push(...ips.filter((ip) => !known.ips.includes(ip)));
    else offers.set(key, { containerPort: containerPort!, protocol, port: hostPort!, ips: [...ips] });
  }
  const usable = [...offers.values()].filter(({ ips }) => ips.length > 0);
  // What is bound to all addresses is reached at the single ones, too, and not the other way round.
  const bound = new Set(bindings.flatMap(({ isSpecific, ips }) => (isSpecific ? [isIpv6(ips[0]!)] : [])));
  const ips = bindings.flatMap(({ isSpecific, ips }) => ips.filter((ip) => isSpecific || !bound.has(isIpv6(ip))));
  return { kind: 'published', audience, ips: [...new Set(ips)], offers: usable };
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
