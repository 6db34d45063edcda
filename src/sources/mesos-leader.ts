// Which master to ask. The masters are listed in the settings, or in ZooKeeper, or both; any of them sends us on to the
// one that leads (status 307), ZooKeeper names it before we ask.
import type { MasterAddress } from '../model/masters.ts';
import { parseHostPort, parseIp } from './address.ts';
import type { MasterInfo } from './master-info.ts';
import type { Resolve } from './reading.ts';
import { NONE } from './reading.ts';
import type { ZooKeeperOptions, ZooKeeperUrl } from './zookeeper.ts';
import { ZooKeeperMasters } from './zookeeper.ts';

export interface MesosMastersOptions {
  /** `host:port`, in order. */
  readonly masters: readonly string[];
  readonly zooKeeper: ZooKeeperUrl | undefined;
  readonly scheme: 'http' | 'https';
  /** Known addresses of a master that is given by name. */
  readonly resolve: Resolve;
  /** ZooKeeper told of other masters. `leads`: another one leads. */
  readonly onChange: (leads: boolean) => void;
  readonly onTrouble: (message: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  readonly sessionMs?: ZooKeeperOptions['sessionMs'];
}

export class MesosMasters {
  readonly #options: MesosMastersOptions;
  readonly #zooKeeper: ZooKeeperMasters | undefined;
  readonly #configured: readonly string[];
  #elected: readonly MasterInfo[] = NONE;
  #lastLed: string | undefined;
  #trouble: string | undefined;

  constructor(options: MesosMastersOptions) {
    const { masters, zooKeeper, now, sessionMs } = options;
    this.#options = options;
    this.#configured = masters.map((master) => originOf(options.scheme, master));
    this.#zooKeeper =
      zooKeeper &&
      new ZooKeeperMasters({
        url: zooKeeper,
        sessionMs,
        now,
        onMasters: (elected) => this.#onMasters(elected),
        onTrouble: (message) => {
          this.#trouble = message;
          options.onTrouble(message);
        },
      });
  }

  /** Resolves once there is somebody to ask, or ZooKeeper has failed to name one. */
  async start(): Promise<void> {
    const started = this.#zooKeeper?.start();
    if (this.#configured.length === 0) await started;
  }

  async stop(): Promise<void> {
    await this.#zooKeeper?.stop();
  }

  /** What is wrong with ZooKeeper now. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Whom to ask, best first (`http://192.0.2.1:5050`): who leads by ZooKeeper, who led last, the others in their order. */
  candidates(): readonly string[] {
    const elected = this.#elected.map((master) => this.#origin(master));
    const [leading, ...others] = elected;
    const origins = [leading, this.#lastLed, ...this.#configured, ...others];
    return [...new Set(origins.filter((origin) => origin !== undefined))];
  }

  /** Remembers who leads. */
  led(origin: string): void {
    this.#lastLed = origin;
  }

  /** Whether an origin is one of the masters: listed, in ZooKeeper, or an address that a listed name has. */
  readonly isKnown = (origin: string): boolean => {
    const { scheme } = this.#options;
    if (this.#configured.includes(origin)) return true;
    const addresses = [...this.#listed(), ...this.#elected];
    return (
      this.#elected.some((master) => this.#origin(master) === origin) ||
      addresses.some(({ ip, port }) => originOf(scheme, hostPort(ip, port)) === origin)
    );
  };

  /** All masters, for their names: as listed, else as they stand in ZooKeeper. */
  all(): readonly MasterAddress[] {
    if (this.#configured.length > 0) return this.#listed();
    return this.#elected.map(({ ip, port }) => ({ ip, port }));
  }

  #listed(): readonly MasterAddress[] {
    return this.#options.masters.flatMap((master) => {
      const { host, port } = parseHostPort(master)!;
      const ip = parseIp(host) ?? this.#options.resolve(host)[0];
      return ip === undefined ? [] : [{ ip, port }];
    });
  }

  #onMasters(elected: readonly MasterInfo[]): void {
    this.#trouble = undefined;
    const before = this.#elected.map((master) => this.#origin(master));
    const now = elected.map((master) => this.#origin(master));
    this.#elected = elected;
    if (before.join() !== now.join()) this.#options.onChange(before[0] !== now[0]);
  }

  /** Certificates are made out for names; without TLS the address spares asking a name server. */
  #origin({ ip, port, hostname }: MasterInfo): string {
    const { scheme } = this.#options;
    return originOf(scheme, hostPort(scheme === 'https' && hostname !== '' ? hostname : ip, port));
  }
}

/** The origin as URLs have it, the default port left out. */
export function originOf(scheme: 'http' | 'https', hostAndPort: string): string {
  const { host, port } = parseHostPort(hostAndPort)!;
  return new URL(`${scheme}://${hostPort(host, port)}`).origin;
}

/** `host:port`, an IPv6 address in brackets. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
