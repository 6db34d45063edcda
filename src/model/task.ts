// A running piece of work and the ports that it was given. Carries what Mesos, Marathon, Docker and Swarm say of it.
import type { Agent } from './agent.ts';
import type { Container } from './container.ts';
import type { Framework } from './framework.ts';
import type { Port } from './port.ts';
import type { Replica, Service } from './service.ts';

/**
 * Where a task is in its life. `preparing`: staging, starting, unreachable, unknown; `killing`: asked to end, still
 * running; `terminal`: over.
 */
export type TaskState = 'preparing' | 'running' | 'killing' | 'terminal';

/** Who said that a task has an address: the network information of its status, or a label that a container runtime set. */
export type AddressOrigin = 'netinfo' | 'docker' | 'mesos';

export interface TaskAddress {
  /** IPv4 or IPv6, textual, checked. */
  readonly ip: string;
  readonly origin: AddressOrigin;
  /** Name of the network that it is an address in; absent when not said. */
  readonly network?: string | undefined;
}

/** How a task says it wants to be found (Mesos DiscoveryInfo); only present when it has a non-empty name. */
export interface Discovery {
  /** As reported, spelling and dots kept. */
  readonly name: string;
  readonly ports: readonly DiscoveryPort[];
}

export interface DiscoveryPort {
  /** As reported: 0 and numbers beyond 65535 occur. */
  readonly number: number;
  /** Empty when not given. */
  readonly name: string;
  /** As reported (`tcp`, `UDP`, `tcp,udp`); empty when not given. */
  readonly protocol: string;
}

/** What has been made of a task's health, where somebody watches over it. */
export interface Standing {
  /** Whether it counts as well: a task is ill, or well again, once that has lasted. */
  readonly isIn: boolean;
  /** Shared names that it stays under although it does not, because all others there are ill, too. */
  readonly keptUnder: readonly string[];
}

export interface Task {
  /** Unique in its framework. */
  readonly id: string;
  /** As reported. */
  readonly name: string;
  readonly framework: Framework;
  readonly agent: Agent;
  readonly state: TaskState;
  /** Last verdict of its health checks; absent when it has none. A check without a result yet counts as false. */
  readonly healthy?: boolean | undefined;
  /** False while a readiness check has not passed yet. */
  readonly ready: boolean;
  readonly discovery?: Discovery | undefined;
  /** Own addresses, in the order reported; in host networking often the agent's. */
  readonly addresses: readonly TaskAddress[];
  /** Host ports that it was given, in order (Mesos `resources.ports`). */
  readonly hostPorts: readonly number[];
  /** Its ports with what is known of each from all places, merged. */
  readonly ports: readonly Port[];
  readonly labels: Readonly<Record<string, string>>;
  /** The application or service that it is an instance of, as its scheduler names it (`/group/app`). */
  readonly app?: string | undefined;
  readonly runtime?: 'mesos' | 'docker' | undefined;
  /** Relative share of the load that it should get, at least 0; 1 when not said. */
  readonly weight?: number | undefined;
  /** Absent: as its state, health and readiness say. */
  readonly standing?: Standing | undefined;
  /** Only of tasks that an engine told of. */
  readonly container?: Container | undefined;
  readonly replica?: Replica | undefined;
  /** The service of a Swarm that it belongs to. */
  readonly service?: Service | undefined;
}

/** The key of a task within its source. */
export function taskKey(task: Task): string {
  return `${task.framework.id}/${task.id}`;
}

/** Whether nothing that is known of a task speaks against sending clients to it. */
export function isWell({ state, healthy, ready }: Task): boolean {
  return state === 'running' && healthy !== false && ready;
}
