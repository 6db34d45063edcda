// A network that containers are in: a bridge of one machine, an overlay of a swarm, a part of the LAN (macvlan, ipvlan).

/** The way in which a network's addresses are reached; drivers of others count as `other`. */
export type NetworkKind = 'bridge' | 'overlay' | 'lan' | 'other';

export interface Subnet {
  /** IPv4 or IPv6, textual. */
  readonly address: string;
  /** Bits of the prefix. */
  readonly length: number;
  /** The host's own address in it (of a `lan` network: the LAN's router); absent when not known. */
  readonly gateway?: string | undefined;
}

/** An address in a network whose holder belongs to another network, from which it has no way out of its own. */
export interface Guest {
  /** IPv4 or IPv6, textual. */
  readonly address: string;
  /** `Network.key` of the network that it belongs to. */
  readonly network: string;
}

export interface Network {
  /** Unique in its source. */
  readonly id: string;
  /** Unique in the world: of a swarm's network its id; of a machine's, the machine's id before it. */
  readonly key: string;
  readonly name: string;
  readonly kind: NetworkKind;
  /** Id of the machine (`Agent.id`) that it is on; absent when it spans machines. */
  readonly agent?: string | undefined;
  /** Nothing leads into it from outside, nor out. */
  readonly isInternal: boolean;
  /**
   * Whether packets from it can reach this machine under their own source addresses: from networks of this machine's
   * engine, and from overlays. Others arrive under the address of their host.
   */
  readonly isNear: boolean;
  readonly subnets: readonly Subnet[];
  /** Holders of addresses in it that belong to another network: containers of overlays, which go out by a bridge. */
  readonly guests?: readonly Guest[] | undefined;
}
