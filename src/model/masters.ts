// The masters of a Mesos cluster.

export interface MasterAddress {
  /** IPv4 or IPv6, textual. */
  readonly ip: string;
  readonly port: number;
}

export interface Masters {
  readonly leader: MasterAddress | undefined;
  /** All that are known, in the order reported; the leader may be among them. */
  readonly all: readonly MasterAddress[];
}
