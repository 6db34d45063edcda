// Where clients stand: the numbers of the views (`wire/views.ts`) and the prefixes that lead to them. A network that
// sources know of is a view, and so is this machine; everybody else is outside.
import type { Agent } from '../model/agent.ts';
import type { Network } from '../model/network.ts';
import { addressOctets } from '../wire/rr.ts';
import { MAX_VIEW, OUTSIDE, TRAITS, Trait } from '../wire/views.ts';
import { isIpv6 } from './audience.ts';
import type { ViewSettings } from './settings.ts';

/** Clients whose addresses begin so stand in this view; the longest prefix counts. */
export interface ClientPrefix {
  /** IPv4 or IPv6, textual. */
  readonly address: string;
  /** Bits. */
  readonly length: number;
  readonly view: number;
}

/** A bridge of this machine, or the way by which members of an overlay come to it. */
export interface Bridge {
  /** Of the clients there. */
  readonly view: number;
  /** This machine's own addresses towards them. */
  readonly gateways: readonly string[];
}

/** The view of programs on this machine, outside of any container. */
export const HERE = 1;

const FIRST_NETWORK = 2;

/** Gives networks their numbers, and clients their places. */
export class ViewRegistry {
  readonly #overrides: readonly { readonly prefix: Prefix; readonly view: string }[];
  readonly #numbers = new Map<string, number>();
  #next = FIRST_NETWORK;
  /** Numbers, without traits, of networks that are gone, longest gone first: one is used again as late as can be. */
  readonly #free: number[] = [];
  /** By network, who tells of it: two sources may tell of one overlay. */
  readonly #networks = new Map<string, Map<string, Network>>();
  readonly #networkOf = new Map<string, Network>();
  readonly #agents = new Map<string, Agent>();
  /** The machines' own addresses in their bridges, and how many networks each stands for. */
  readonly #gateways = new Map<string, number>();
  #isChanged = true;
  /** Made when asked for, after networks changed. */
  #bridges: readonly Bridge[] | undefined;
  #bridgesTaken = '';

  /** @throws RangeError naming a prefix of the settings that is none */
  constructor(settings: ViewSettings = { clients: {} }) {
    this.#overrides = Object.entries(settings.clients).map(([text, view]) => {
      const prefix = parsePrefix(text);
      if (!prefix) throw new RangeError(`views.clients: expected a prefix such as 10.9.0.0/16, got ${text}`);
      return { prefix, view };
    });
  }

  /**
   * The views of a network's members: of those that come under their addresses in it and, in an overlay, of those that
   * come by this machine's bridge for overlays. The same as long as anybody tells of the network.
   */
  within(network: Network): readonly number[] {
    const own = this.#numbers.get(network.key) ?? this.#number(network.key, traitsOf(network));
    return network.kind === 'overlay' ? [own, this.#guests(network.key)] : [own];
  }

  /** The bridges of this machine, in which the ports of an agent that is on it are reached at the machine's address there. */
  bridges(agent: Agent): readonly Bridge[] {
    // A node of a swarm and the engine on it are two agents of one machine.
    const isHere =
      agent.ownPrefixes !== undefined ||
      [...this.#agents.values()].some(({ addresses }) => addresses.some((ip) => agent.addresses.includes(ip)));
    return isHere ? this.#nearBridges() : [];
  }

  /** The view of programs on a machine; undefined for machines whose programs cannot be told from everybody else. */
  host(agent: Agent): number | undefined {
    return agent.ownPrefixes === undefined ? undefined : HERE;
  }

  /** Whether an address is one that a machine has towards its containers only. */
  isGateway(agent: Agent, ip: string): boolean {
    return this.#gateways.has(`${agent.id} ${ip}`);
  }

  /**
   * Takes a network, or that it is gone.
   * @param holder who tells of it, and by which name
   */
  setNetwork(holder: string, network: Network | undefined): void {
    const before = this.#networkOf.get(holder);
    if (before) this.#dropNetwork(holder, before, network?.key);
    if (network) {
      this.#networkOf.set(holder, network);
      const holders = this.#networks.get(network.key);
      if (holders) holders.set(holder, network);
      else this.#networks.set(network.key, new Map([[holder, network]]));
      for (const key of gatewaysOf(network)) this.#gateways.set(key, (this.#gateways.get(key) ?? 0) + 1);
    }
    this.#isChanged = true;
    this.#bridges = undefined;
  }

  /** Takes a machine, or that it is gone. */
  setAgent(holder: string, agent: Agent | undefined): void {
    const before = this.#agents.get(holder);
    if (agent?.ownPrefixes) this.#agents.set(holder, agent);
    else this.#agents.delete(holder);
    if (before?.ownPrefixes?.join() !== agent?.ownPrefixes?.join()) this.#isChanged = true;
  }

  /** Whether the bridges are others than at the last call. */
  takeBridges(): boolean {
    const bridges = JSON.stringify(this.#nearBridges());
    const isOther = bridges !== this.#bridgesTaken;
    this.#bridgesTaken = bridges;
    return isOther;
  }

  /** Where clients stand, if that may have changed since the last call. */
  takeClients(): readonly ClientPrefix[] | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    const clients = new Map<string, ClientPrefix>();
    const add = (prefix: Prefix | undefined, view: number): void => {
      if (prefix) clients.set(`${prefix.address}/${prefix.length}`, { ...prefix, view });
    };
    const near = this.#nearNetworks();
    for (const network of near) {
      const [view] = this.within(network);
      for (const { address, length } of network.subnets) add({ address, length }, view!);
    }
    for (const { kind, subnets, guests } of near) {
      // The host speaks to its containers, and a port proxy speaks for its clients, from its end of the bridge.
      if (kind === 'bridge') for (const { gateway } of subnets) if (gateway !== undefined) add(single(gateway), HERE);
      for (const { address, network } of guests ?? []) add(single(address), this.#guests(network));
    }
    for (const { ownPrefixes = [] } of this.#agents.values())
      for (const text of ownPrefixes) add(parsePrefix(text), HERE);
    for (const { prefix, view } of this.#overrides) {
      const number = this.#viewNamed(view);
      if (number !== undefined) add(prefix, number);
    }
    return [...clients.values()];
  }

  /** Those whose clients we can tell; of two that have one prefix the one with the smaller key comes last and counts. */
  #nearNetworks(): Network[] {
    return [...this.#networks.keys()]
      .sort()
      .reverse()
      .flatMap((key) => [...this.#networks.get(key)!.values()].filter(({ isNear }) => isNear));
  }

  #viewNamed(name: string): number | undefined {
    if (name === 'outside') return OUTSIDE;
    if (name === 'host') return HERE;
    for (const key of [...this.#networks.keys()].sort())
      for (const network of this.#networks.get(key)!.values())
        if (network.name === name) return this.within(network)[0];
    return undefined;
  }

  /** @param next key of the network that comes in its place */
  #dropNetwork(holder: string, network: Network, next: string | undefined): void {
    this.#networkOf.delete(holder);
    for (const key of gatewaysOf(network)) {
      const count = this.#gateways.get(key)! - 1;
      if (count > 0) this.#gateways.set(key, count);
      else this.#gateways.delete(key);
    }
    const holders = this.#networks.get(network.key)!;
    holders.delete(holder);
    if (holders.size > 0) return;
    this.#networks.delete(network.key);
    if (next === network.key) return;
    for (const name of [network.key, guestsOf(network.key)]) {
      const number = this.#numbers.get(name);
      if (number === undefined) continue;
      this.#numbers.delete(name);
      this.#free.push(number & ~TRAITS);
    }
  }

  #nearBridges(): readonly Bridge[] {
    this.#bridges ??= this.#nearNetworks().flatMap((network) => this.#bridgesOf(network));
    return this.#bridges;
  }

  #bridgesOf(network: Network): Bridge[] {
    const gateways = network.subnets.flatMap(({ gateway }) => gateway ?? []);
    if (network.kind !== 'bridge' || gateways.length === 0) return [];
    const homes = new Set((network.guests ?? []).map((guest) => guest.network));
    return [...this.within(network), ...[...homes].map((key) => this.#guests(key))].map((view) => ({ view, gateways }));
  }

  /** The view of the members of an overlay that come by the bridge: it has no IPv6 unless somebody made it by hand. */
  #guests(overlay: string): number {
    return this.#number(guestsOf(overlay), Trait.BRIDGED | Trait.WITHOUT_IPV6);
  }

  /** @param traits of a view that is new; it keeps what it has */
  #number(name: string, traits: number): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#next <= MAX_VIEW ? this.#next++ : this.#free.shift();
    if (number === undefined) throw new RangeError(`Cannot tell more than ${MAX_VIEW} networks apart`);
    this.#numbers.set(name, number | traits);
    return number | traits;
  }
}

function guestsOf(overlay: string): string {
  return `guests of ${overlay}`;
}

function traitsOf({ kind, isInternal, isNear, subnets }: Network): number {
  const isBridge = kind === 'bridge' && isNear;
  // Whatever addresses an overlay has itself: its way out is a bridge that has IPv4.
  const isIpv4 = kind === 'overlay' || (subnets.length > 0 && !subnets.some(({ address }) => isIpv6(address)));
  return (isInternal ? Trait.CLOSED : 0) | (isBridge ? Trait.BRIDGED : 0) | (isIpv4 ? Trait.WITHOUT_IPV6 : 0);
}

type Prefix = Omit<ClientPrefix, 'view'>;

function parsePrefix(text: string): Prefix | undefined {
  const [, address = '', length] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const octets = addressOctets(address);
  return octets && Number(length) <= 8 * octets.length ? { address, length: Number(length) } : undefined;
}

function single(address: string): Prefix {
  return { address, length: isIpv6(address) ? 128 : 32 };
}

function gatewaysOf({ kind, agent, subnets }: Network): string[] {
  if (kind !== 'bridge' || agent === undefined) return [];
  return subnets.flatMap(({ gateway }) => (gateway === undefined ? [] : [`${agent} ${gateway}`]));
}
