// What decides which records are made of a cluster. The defaults are those of Mesos-DNS and dcos-net.

/** Where the addresses of a task are looked for (Mesos-DNS `IPSources`). */
export type IpSource = 'host' | 'docker' | 'mesos' | 'netinfo';

export interface RecordSettings {
  /**
   * `exact`: the record sets that the reference systems make, quirks included. `default`: the same with the repairs
   * listed in `repairs.ts`.
   */
  readonly mode: 'exact' | 'default';
  readonly mesos: MesosSettings;
  readonly dcos: DcosSettings;
  readonly reverse: ReverseSettings;
  /** Absent when nothing tells of containers. */
  readonly docker?: ContainerNameSettings | undefined;
  /** Absent when nothing tells of a swarm. */
  readonly swarm?: SwarmNameSettings | undefined;
  readonly views?: ViewSettings | undefined;
}

/** The zone of Mesos-DNS. */
export interface MesosSettings {
  /** Text, without a final dot: `mesos`. */
  readonly domain: string;
  readonly ttlSeconds: number;
  /** The first that has an address gives all its addresses. */
  readonly ipSources: readonly IpSource[];
  /** Labels as in RFC 952: at most 24 characters, no digit first. */
  readonly enforceRfc952: boolean;
  /** Weight of every SRV record, 0 to 65535. */
  readonly srvWeight: number;
  readonly soa: {
    readonly mname: string;
    /** Mailbox as a name; an `@` counts as a dot. */
    readonly rname: string;
    readonly refreshSeconds: number;
    readonly retrySeconds: number;
    readonly expireSeconds: number;
    readonly minimumSeconds: number;
  };
  /** Addresses of this server, which `soa.mname` resolves to. */
  readonly selfAddresses: readonly string[];
}

/** The zones of dcos-net. */
export interface DcosSettings {
  readonly enabled: boolean;
  readonly ttlSeconds: number;
  readonly vip: VipSettings;
  /** z-base-32 text of the cluster's public key; names below `<clusterId>.dcos.directory` are then answered too. */
  readonly clusterId?: string | undefined;
  /** Addresses of the machine that this server runs on; `thisnode.thisdcos.directory` exists only when given. */
  readonly thisNode?: { readonly private: readonly string[]; readonly public: readonly string[] } | undefined;
  /** More zones `<key>.thisdcos.directory`, each with aliases: name below the zone -> target name. */
  readonly aliases?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
}

/** Where the addresses of named VIPs come from. */
export interface VipSettings {
  /** Lowest IPv4 address. */
  readonly min: string;
  /** The address after the highest IPv4 address that is given out: `max - min` is the modulus of the hash. */
  readonly max: string;
  readonly min6: string;
  readonly max6: string;
  /** 1: IPv4 addresses as releases before August 2018 gave them, one higher. */
  readonly legacyOffset: 0 | 1;
  /** Whether IPv6 backends count. */
  readonly ipv6?: boolean | undefined;
}

/** What the zones of containers and of swarms have in common. */
export interface LabelledNameSettings {
  /** Text, without a final dot: `docker`. */
  readonly domain: string;
  readonly ttlSeconds: number;
  /** SOA minimum: TTL of negative answers. */
  readonly negativeTtlSeconds: number;
  /** Labels that begin with this and a dot are for us: `portolan`. */
  readonly labelPrefix: string;
  /** Whether what has no label `<prefix>.enable` has names. */
  readonly exposedByDefault: boolean;
  /** Whether the labels and variables of registrator (SERVICE_NAME, SERVICE_80_NAME, ...) are read, too. */
  readonly registrator: boolean;
}

/** The zone of containers. */
export interface ContainerNameSettings extends LabelledNameSettings {
  /** What clients on the host itself get: the containers' own addresses, or where their ports are published. */
  readonly fromHost: 'container' | 'published';
  /**
   * Views that have names of their own, the same for every client: `web.inside.docker` has the container's addresses,
   * `web.host.docker` those at which it is published.
   */
  readonly fixedViews: readonly ('inside' | 'host')[];
}

/** The zone of a swarm. */
export interface SwarmNameSettings extends LabelledNameSettings {
  /** Which nodes are told to take published (ingress) ports: all that are ready do; or those with a task. */
  readonly ingress: 'ready' | 'task';
}

/** Where clients stand. */
export interface ViewSettings {
  /** Prefix (`10.9.0.0/16`) to `outside`, `host`, or the name of a network; overrules what sources tell. */
  readonly clients: Readonly<Record<string, string>>;
}

/** Names of addresses (PTR records). */
export interface ReverseSettings {
  /** Prefixes whose addresses this server names. */
  readonly prefixes: readonly AddressPrefix[];
  readonly ttlSeconds: number;
}

/** `10.0.0.0/8` is address `10.0.0.0`, length 8. */
export interface AddressPrefix {
  /** IPv4 or IPv6, textual. */
  readonly address: string;
  /** Bits: at most 32, or 128 for IPv6. */
  readonly length: number;
}

/** Mesos-DNS and DC/OS as they come, repairs on, no reverse zones. */
export const DEFAULT_RECORD_SETTINGS: RecordSettings = {
  mode: 'default',
  mesos: {
    domain: 'mesos',
    ttlSeconds: 60,
    ipSources: ['netinfo', 'mesos', 'host'],
    enforceRfc952: false,
    srvWeight: 1,
    soa: {
      mname: 'ns1.mesos',
      rname: 'root.ns1.mesos',
      refreshSeconds: 60,
      retrySeconds: 600,
      expireSeconds: 86400,
      minimumSeconds: 60,
    },
    selfAddresses: [],
  },
  dcos: {
    enabled: true,
    ttlSeconds: 5,
    vip: {
      min: '11.0.0.0',
      max: '11.255.255.255',
      min6: 'fd01:c::',
      max6: 'fd01:c::ffff:ffff:ffff:ffff',
      legacyOffset: 0,
      ipv6: true,
    },
  },
  reverse: { prefixes: [], ttlSeconds: 60 },
};
