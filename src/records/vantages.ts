// The address and port that are right for a container, by where the client stands: in a network with it, on its host, in
// another network of the host, or outside. What is not reachable from a place is not told there.
import type { Network } from '../model/network.ts';
import type { Port, Protocol } from '../model/port.ts';
import type { Task } from '../model/task.ts';
import type { Views } from '../wire/views.ts';
import { EVERYWHERE, exceptIn, OUTSIDE, onlyIn } from '../wire/views.ts';
import type { Wishes } from './container-labels.ts';
import type { ViewRegistry } from './view-registry.ts';

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
  readonly kind: 'inside' | 'here' | 'published';
  readonly views: Views;
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
  { container, agent, ports }: Task,
  views: ViewRegistry,
  fromHost: 'container' | 'published',
  wishes: Wishes,
): Vantage[] {
  const hostIps = wishes.addresses.length > 0 ? wishes.addresses : agent.addresses;
  if (container!.isOnHost) {
    const offers = ports.map(({ containerPort, protocol, hostPort }) => ({
      containerPort: containerPort!,
      protocol,
      port: hostPort!,
      ips: hostIps,
    }));
    return [{ kind: 'published', views: EVERYWHERE, ips: hostIps, offers }];
  }
  const attached = container!.attachments.filter(({ addresses }) => addresses.length > 0);
  const isOnLan = ({ kind, isInternal }: Network): boolean => kind === 'lan' && !isInternal;
  const inner = attached.filter(({ network }) => !isOnLan(network));
  const vantages = inner.map(
    ({ network, addresses }): Vantage => ({
      kind: 'inside',
      views: onlyIn([views.network(network.key)]),
      network,
      ips: addresses,
      offers: atContainer(ports, addresses),
    }),
  );

  const bindings = ports.flatMap((port) => (port.hostPort === undefined ? [] : bindingOf(port, hostIps)));
  const reachable = bindings.filter(({ ips }) => !ips.every(isLoopback));
  const own = inner.map(({ network }) => views.network(network.key));
  const here = views.host(agent);
  if (here !== undefined) {
    // The host has a way into its bridges; into overlays and its own LAN networks it has none.
    const bridged = inner.filter(({ network }) => network.kind !== 'overlay' && network.kind !== 'lan');
    const wished = bridged.filter(({ network }) => network.name === wishes.network);
    const ips = (wished.length > 0 ? wished : bridged).flatMap(({ addresses }) => addresses);
    vantages.push(vantageHere(onlyIn([here]), fromHost, ports, bindings, ips));
  }
  // The host's own address towards its containers is no address for those outside.
  const fromOutside = reachable.filter(({ isSpecific, ips }) => !isSpecific || !views.isGateway(agent, ips[0]!));
  const lan = attached.filter(({ network }) => isOnLan(network)).flatMap(({ addresses }) => addresses);
  const inOrOn = here === undefined ? own : [...own, here];
  if (lan.length === 0 && fromOutside.length === reachable.length)
    return [...vantages, published(exceptIn(inOrOn), reachable)];
  const outside = published(onlyIn([OUTSIDE]), fromOutside);
  vantages.push({
    ...outside,
    ips: [...outside.ips, ...lan],
    offers: lan.length > 0 ? [...outside.offers, ...atContainer(ports, lan)] : outside.offers,
  });
  vantages.push(published(exceptIn([OUTSIDE, ...inOrOn]), reachable));
  return vantages;
}

/** Clients on the host reach everything; what is bound to one address is told there, as it is wanted there. */
function vantageHere(
  views: Views,
  fromHost: 'container' | 'published',
  ports: readonly Port[],
  bindings: readonly Binding[],
  containerIps: readonly string[],
): Vantage {
  const unpublished = ports.filter(({ hostPort }) => hostPort === undefined);
  if (containerIps.length === 0) return { ...published(views, bindings), kind: 'here' };
  if (fromHost === 'published') {
    const { ips, offers } = published(views, bindings);
    const all = [...offers, ...atContainer(unpublished, containerIps)];
    return { kind: 'here', views, ips: ips.length > 0 ? ips : containerIps, offers: all };
  }
  const wild = bindings.filter(({ isSpecific }) => !isSpecific).map(({ port }) => port);
  const specific = bindings.filter(({ isSpecific }) => isSpecific);
  const offers = [...atContainer([...unpublished, ...wild], containerIps), ...published(views, specific).offers];
  return { kind: 'here', views, ips: containerIps, offers };
}

function atContainer(ports: readonly Port[], ips: readonly string[]): Offer[] {
  const offers = new Map<string, Offer>();
  for (const { containerPort, protocol } of ports)
    if (containerPort !== undefined)
      offers.set(`${containerPort}/${protocol}`, { containerPort, protocol, port: containerPort, ips });
  return [...offers.values()];
}

/** Bindings of one port to one number are one offer: a client may take either family. */
function published(views: Views, bindings: readonly Binding[]): Vantage {
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
  const isWild = (family: boolean) => !bindings.some(({ isSpecific, ips }) => isSpecific && isV6(ips[0]!) === family);
  const ips = bindings.flatMap(({ isSpecific, ips }) => ips.filter((ip) => isSpecific || isWild(isV6(ip))));
  return { kind: 'published', views, ips: [...new Set(ips)], offers: usable };
}

function bindingOf(port: Port, hostIps: readonly string[]): Binding {
  const { hostAddress } = port;
  if (hostAddress === undefined) return { port, ips: hostIps, isSpecific: false };
  if (hostAddress === '0.0.0.0' || hostAddress === '::')
    return { port, ips: hostIps.filter((ip) => isV6(ip) === isV6(hostAddress)), isSpecific: false };
  return { port, ips: [hostAddress], isSpecific: true };
}

function isV6(ip: string): boolean {
  return ip.includes(':');
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}
