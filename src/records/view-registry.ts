// Where clients stand: the numbers of the views (`wire/views.ts`) and the prefixes that lead to them. A network that
// sources know of is a view, and so is this machine; everybody else is outside.
import type { Agent } from '../model/agent.ts';
import type { Network } from '../model/network.ts';
import { addressOctets } from '../wire/rr.ts';
import { MAX_VIEW, OUTSIDE } from '../wire/views.ts';
import type { ViewSettings } from './settings.ts';

/** Clients whose addresses begin so stand in this view; the longest prefix counts. */
export interface ClientPrefix {
  /** IPv4 or IPv6, textual. */
  readonly address: string;
  /** Bits. */
  readonly length: number;
  readonly view: number;
}

/** The view of programs on this machine, outside of any container. */
export const HERE = 1;

const FIRST_NETWORK = 2;

/** Gives networks their numbers, and clients their places. */
export class ViewRegistry {
  readonly #overrides: readonly { readonly prefix: Prefix; readonly view: string }[];
  readonly #numbers = new Map<string, number>();
  #next = FIRST_NETWORK;
  /** Numbers of networks that are gone, longest gone first: one is used again as late as can be. */
  readonly #free: number[] = [];
  /** By network, who tells of it: two sources may tell of one overlay. */
  readonly #networks = new Map<string, Map<string, Network>>();
  readonly #networkOf = new Map<string, Network>();
  readonly #agents = new Map<string, Agent>();
  /** The machines' own addresses in their bridges, and how many networks each stands for. */
  readonly #gateways = new Map<string, number>();
  #isChanged = true;

  /** @throws RangeError naming a prefix of the settings that is none */
  constructor(settings: ViewSettings = { clients: {} }) {
    this.#overrides = Object.entries(settings.clients).map(([text, view]) => {
      const prefix = parsePrefix(text);
      if (!prefix) throw new RangeError(`views.clients: expected a prefix such as 10.9.0.0/16, got ${text}`);
      return { prefix, view };
    });
  }

  /** The view of a network, by its key; the same as long as anybody tells of the network. */
  network(key: string): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#next <= MAX_VIEW ? this.#next++ : this.#free.shift();
      if (number === undefined) throw new RangeError(`Cannot tell more than ${MAX_VIEW} networks apart`);
      this.#numbers.set(key, number);
    }
    return number;
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
  }

  /** Takes a machine, or that it is gone. */
  setAgent(holder: string, agent: Agent | undefined): void {
    const before = this.#agents.get(holder);
    if (agent?.ownPrefixes) this.#agents.set(holder, agent);
    else this.#agents.delete(holder);
    if (before?.ownPrefixes?.join() !== agent?.ownPrefixes?.join()) this.#isChanged = true;
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
    for (const network of near)
      for (const subnet of network.subnets)
        add({ address: subnet.address, length: subnet.length }, this.network(network.key));
    for (const { kind, subnets, guests } of near) {
      // The host speaks to its containers, and a port proxy speaks for its clients, from its end of the bridge.
      if (kind === 'bridge') for (const { gateway } of subnets) if (gateway !== undefined) add(single(gateway), HERE);
      for (const { address, network } of guests ?? []) add(single(address), this.network(network));
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
      for (const network of this.#networks.get(key)!.values()) if (network.name === name) return this.network(key);
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
    const number = this.#numbers.get(network.key);
    if (number === undefined || next === network.key) return;
    this.#numbers.delete(network.key);
    this.#free.push(number);
  }
}

type Prefix = Omit<ClientPrefix, 'view'>;

function parsePrefix(text: string): Prefix | undefined {
  const [, address = '', length] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const octets = addressOctets(address);
  return octets && Number(length) <= 8 * octets.length ? { address, length: Number(length) } : undefined;
}

function single(address: string): Prefix {
  return { address, length: address.includes(':') ? 128 : 32 };
}

function gatewaysOf({ kind, agent, subnets }: Network): string[] {
  if (kind !== 'bridge' || agent === undefined) return [];
  return subnets.flatMap(({ gateway }) => (gateway === undefined ? [] : [`${agent} ${gateway}`]));
}
