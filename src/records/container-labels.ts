// What labels of containers and services ask of their names: `portolan.*`, and for users of registrator SERVICE_*.
import type { Protocol } from '../model/port.ts';
import { addressOctets } from '../wire/rr.ts';
import type { LabelledNameSettings } from './settings.ts';

/** What is wanted for one port. */
export interface PortWish {
  readonly number: number;
  /** Both when absent. */
  readonly protocol?: Protocol | undefined;
  readonly name?: string | undefined;
  readonly isIgnored: boolean;
}

export interface Wishes {
  /** Whether it is to have no names at all. */
  readonly isIgnored: boolean;
  /** One more name, which it shares with all that want the same. */
  readonly names: readonly string[];
  readonly ports: readonly PortWish[];
  /** Seconds. */
  readonly ttl?: number | undefined;
  /** Of its SRV records, 0 to 65535; the same for `priority`. */
  readonly weight: number;
  readonly priority: number;
  /** Name of the network whose address clients on the host get. */
  readonly network?: string | undefined;
  /** Addresses in place of its host's. */
  readonly addresses: readonly string[];
  /** `key=value`. */
  readonly txt: readonly string[];
}

const NOTHING: readonly never[] = [];

const PLAIN: Wishes = {
  isIgnored: false,
  names: NOTHING,
  ports: NOTHING,
  weight: 1,
  priority: 0,
  addresses: NOTHING,
  txt: NOTHING,
};

/** Largest TTL (RFC 2181 8). */
const MAX_TTL = 2 ** 31 - 1;

/**
 * Reads the labels of a container or service.
 * @param report is told of labels that say nothing that can be done
 */
export function readWishes(
  labels: Readonly<Record<string, string>>,
  settings: LabelledNameSettings,
  report: (why: string) => void,
): Wishes {
  const own = `${settings.labelPrefix}.`;
  let wishes: WishReader | undefined;
  for (const key in labels) {
    const isOwn = key.startsWith(own);
    if (!isOwn && !(settings.registrator && key.startsWith('SERVICE_'))) continue;
    wishes ??= new WishReader(settings.exposedByDefault);
    const isRead = isOwn ? wishes.own(key.slice(own.length), labels[key]!) : wishes.registrator(key, labels[key]!);
    if (isRead === false)
      report(
        `label ${key}: expected ${EXPECTED[key.slice(own.length)] ?? 'another value'}, got ${JSON.stringify(labels[key])}`,
      );
  }
  return wishes?.done() ?? (settings.exposedByDefault ? PLAIN : { ...PLAIN, isIgnored: true });
}

/** What stands in a problem, by label. */
const EXPECTED: Readonly<Record<string, string>> = {
  ttl: 'seconds, such as 30',
  weight: 'a number from 0 to 65535',
  priority: 'a number from 0 to 65535',
  address: 'addresses, with commas between them',
  enable: 'true or false',
  ignore: 'true or false',
};

class WishReader {
  #isEnabled: boolean;
  #isIgnored = false;
  readonly #names: string[] = [];
  readonly #ports = new Map<string, { name?: string; isIgnored: boolean }>();
  readonly #numbers: { ttl?: number; weight?: number; priority?: number } = {};
  #network: string | undefined;
  #addresses: readonly string[] = NOTHING;
  readonly #txt: string[] = [];

  constructor(isEnabled: boolean) {
    this.#isEnabled = isEnabled;
  }

  /** @returns false when the value cannot be used, or the label is none of ours */
  own(key: string, value: string): boolean {
    const [, port, what] = /^port\.(\d{1,5}(?:\/(?:tcp|udp))?)\.(\w+)$/.exec(key) ?? [];
    if (port !== undefined) return this.#port(port, what!, value);
    if (key.startsWith('txt.')) {
      this.#txt.push(`${key.slice('txt.'.length)}=${value}`);
      return true;
    }
    switch (key) {
      case 'enable':
        this.#isEnabled = isTrue(value);
        return isTrue(value) || isFalse(value);
      case 'ignore':
        this.#isIgnored = isTrue(value);
        return isTrue(value) || isFalse(value);
      case 'name':
      case 'alias':
        this.#names.push(...listOf(value));
        return true;
      case 'ttl':
        return this.#number('ttl', value.replace(/s$/, ''), MAX_TTL);
      case 'weight':
      case 'priority':
        return this.#number(key, value, 65_535);
      case 'network':
        this.#network = value;
        return true;
      case 'address':
        this.#addresses = listOf(value).filter((ip) => addressOctets(ip) !== undefined);
        return this.#addresses.length > 0;
      default:
        return false;
    }
  }

  /** SERVICE_NAME, SERVICE_IGNORE, SERVICE_80_NAME, SERVICE_80_IGNORE; all others are registrator's own affair. */
  registrator(key: string, value: string): boolean {
    const [, port, what] = /^SERVICE_(?:(\d{1,5})_)?(NAME|IGNORE)$/.exec(key) ?? [];
    if (what === undefined) return true;
    if (port !== undefined) return this.#port(port, what.toLowerCase(), value);
    if (what === 'NAME') this.#names.push(...listOf(value));
    // Registrator ignores whatever the value is, unless it is empty.
    else this.#isIgnored ||= value !== '' && !isFalse(value);
    return true;
  }

  done(): Wishes {
    const { ttl, weight = 1, priority = 0 } = this.#numbers;
    return {
      isIgnored: this.#isIgnored || !this.#isEnabled,
      names: [...new Set(this.#names)],
      ports: [...this.#ports].map(([key, { name, isIgnored }]) => {
        const [number, protocol] = key.split('/');
        return { number: Number(number), protocol: protocol as Protocol | undefined, name, isIgnored };
      }),
      ttl,
      weight,
      priority,
      network: this.#network,
      addresses: this.#addresses,
      txt: this.#txt,
    };
  }

  #port(key: string, what: string, value: string): boolean {
    const number = Number(key.split('/')[0]);
    if (number < 1 || number > 65_535) return false;
    const port = this.#ports.get(key) ?? { isIgnored: false };
    this.#ports.set(key, port);
    if (what === 'name') port.name = value.trim().toLowerCase().replace(/^_/, '');
    else if (what === 'ignore') port.isIgnored = isTrue(value);
    else return false;
    return true;
  }

  #number(key: 'ttl' | 'weight' | 'priority', text: string, most: number): boolean {
    if (!/^\d+$/.test(text) || Number(text) > most) return false;
    this.#numbers[key] = Number(text);
    return true;
  }
}

function isTrue(value: string): boolean {
  return /^(?:true|yes|on|1)$/i.test(value);
}

function isFalse(value: string): boolean {
  return /^(?:false|no|off|0|)$/i.test(value);
}

function listOf(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}
