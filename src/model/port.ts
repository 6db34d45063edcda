// A port of a task: what the program listens on, where the host maps it, what a load balancer offers it as.

export type Protocol = 'tcp' | 'udp';

export interface Port {
  /** Absent when not given. */
  readonly name?: string | undefined;
  readonly protocol: Protocol;
  /** Where the program listens at the task's own address. */
  readonly containerPort?: number | undefined;
  /** Where the agent's address leads to it. */
  readonly hostPort?: number | undefined;
  /** Where a load balancer should offer it (Marathon). */
  readonly servicePort?: number | undefined;
  /** Its place among the ports that its app declares, from 0 (Marathon): the number in `PORT0` and `HAPROXY_0_PORT`. */
  readonly index?: number | undefined;
  /** Address of the host that `hostPort` is bound to; `0.0.0.0` or `::` for all of a family, all of both when absent. */
  readonly hostAddress?: string | undefined;
  /** Names of the networks on which `containerPort` is reached; all of the task's when absent. */
  readonly networks?: readonly string[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Virtual addresses under which it wants to be reached. */
  readonly vips?: readonly Vip[] | undefined;
}

/** A virtual address and port of the layer-4 balancer, shared by all tasks that ask for the same. */
export type Vip = NamedVip | LiteralVip;

export interface NamedVip {
  readonly kind: 'named';
  /** Label text as reported, without the port: `/httpi`. */
  readonly label: string;
  /** 1 or more. */
  readonly port: number;
}

export interface LiteralVip {
  readonly kind: 'literal';
  /** IPv4 or IPv6, textual, checked. */
  readonly ip: string;
  readonly port: number;
}

/** Address, port and protocol: where one connection can be made. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  readonly protocol: Protocol;
}
