// The names of containers, and what each leads to: addresses, and SRV records by port name, number and service. A target
// has the families that the port is right for and no others: an engine may give a port two numbers, one a family.
import type { Protocol } from '../model/port.ts';
import type { Task } from '../model/task.ts';
import { isWell } from '../model/task.ts';
import type { Name, OwnerName } from '../wire/name.ts';
import { fold, parseName } from '../wire/name.ts';
import { EVERYWHERE } from '../wire/views.ts';
import { audienceOf, EVERYBODY, NOBODY } from './audience.ts';
import type { Wishes } from './container-labels.ts';
import { readWishes } from './container-labels.ts';
import type { WantedName } from './container-names.ts';
import { containerLabels, containerNames, spellings } from './container-names.ts';
import type { Claim, NameClaims } from './name-claims.ts';
import { taskHash } from './naming.ts';
import type { ReverseZones } from './reverse.ts';
import type { ContainerNameSettings } from './settings.ts';
import type { Offer, Vantage } from './vantages.ts';
import { containerVantages } from './vantages.ts';
import type { ViewRegistry } from './view-registry.ts';
import { ViewedRecords, type ViewedSet } from './viewed-records.ts';
import type { AddressCache, WireWriter } from './writer.ts';
import { NO_NAME } from './writer.ts';

/** What makes the records of containers; see `records/index.ts`. */
export interface ContainerZone {
  readonly settings: ContainerNameSettings;
  readonly writer: WireWriter;
  readonly addresses: AddressCache;
  readonly reverse: ReverseZones;
  readonly views: ViewRegistry;
  readonly claims: NameClaims;
}

/** A name that a container wants, as an owner below the zone. */
interface WantedOwner extends WantedName {
  readonly owner: Name;
  /** By which it is claimed. */
  readonly folded: OwnerName;
}

/** What a container asks for, and what of that cannot be had. */
interface Understood {
  readonly wishes: Wishes;
  readonly names: readonly WantedOwner[];
  readonly faults: readonly string[];
}

export class ContainerRecords {
  readonly #zone: ContainerZone;
  readonly #apex: Name;
  readonly #understood = new WeakMap<Task, Understood>();

  constructor(zone: ContainerZone) {
    this.#zone = zone;
    this.#apex = parseName(zone.settings.domain);
  }

  /** A container is read for its claims and again for its records. */
  #read(task: Task): Understood {
    let understood = this.#understood.get(task);
    if (understood === undefined) {
      const faults: string[] = [];
      const wishes = readWishes(task.labels, this.#zone.settings, (why) => faults.push(why));
      const names: WantedOwner[] = [];
      for (const { text, group, rank, within } of wishes.isIgnored ? [] : containerNames(task, wishes)) {
        const owner = this.#under(text, this.#apex);
        if (owner !== NO_NAME) names.push({ text, group, rank, within, owner, folded: fold(owner) });
      }
      understood = { wishes, names, faults };
      this.#understood.set(task, understood);
    }
    return understood;
  }

  /** The names that a container claims. */
  claims(task: Task): Claim[] {
    return this.#read(task).names.map(({ folded, group, rank }) => ({ owner: folded, group, rank }));
  }

  /** @param report is told of names and labels that are left out */
  write(task: Task, report: (why: string) => void): void {
    const { settings, addresses, views } = this.#zone;
    const { wishes, names: wanted, faults } = this.#read(task);
    this.#understood.delete(task);
    for (const why of faults) report(why);
    if (wishes.isIgnored) return;
    const names = wanted.filter((name) => this.#isGranted(name, report));
    const vantages = containerVantages(withWishedPorts(task, wishes), views, settings.fromHost, wishes);
    const subject = { task, wishes, names, records: new ViewedRecords(addresses, report) };
    this.#writePlace(
      subject,
      isWell(task) ? vantages : vantages.map((each) => ({ ...each, audience: NOBODY })),
      names,
      this.#apex,
    );
    for (const fixed of settings.fixedViews) this.#writeFixed(subject, vantages, fixed);
    subject.records.write(this.#zone.writer, wishes.ttl);
    this.#writeReverse(task, names);
  }

  /** Names whose view does not depend on who asks. */
  #writeFixed(subject: Subject, vantages: readonly Vantage[], fixed: 'inside' | 'host'): void {
    if (!isWell(subject.task)) return;
    const kind = fixed === 'inside' ? 'inside' : 'published';
    const seen = vantages.filter((vantage) => vantage.kind === kind);
    const apex = this.#under(fixed, this.#apex);
    const names = subject.names.map((name) => ({ ...name, owner: this.#under(name.text, apex) }));
    if (seen.length > 0)
      this.#writePlace(
        subject,
        seen.map((vantage) => ({ ...vantage, audience: EVERYBODY })),
        names,
        apex,
      );
  }

  /** Writes what is below the zone, or below one of its fixed views. */
  #writePlace(subject: Subject, vantages: readonly Vantage[], names: readonly WantedOwner[], apex: Name): void {
    const everywhere = names.filter(({ within }) => within === undefined);
    const said = this.#gather(subject, vantages, apex);
    this.#writeAt(subject, said, everywhere);
    for (const protocol of PROTOCOLS) {
      const set = said.services[protocol];
      set?.write(this.#zone.writer, this.#services(subject, protocol, apex), subject.wishes.ttl);
    }
    // Names of links are seen in the networks that both share, and nowhere else.
    for (const name of names)
      if (name.within !== undefined) {
        const { within } = name;
        const seen = vantages.filter(({ network }) => within.includes(network?.key ?? ''));
        this.#writeAt(subject, this.#gather(subject, seen, apex), [name]);
      }
  }

  /** What is said at each name that clients of these vantages see. */
  #gather({ task, wishes, records }: Subject, vantages: readonly Vantage[], apex: Name): Said {
    const addresses = records.set();
    const ports = { tcp: new Map<string, ViewedSet>(), udp: new Map<string, ViewedSet>() };
    const services: { tcp?: ViewedSet; udp?: ViewedSet } = {};
    const under = (text: string): Name => this.#under(text, apex);
    for (const { ips, offers, audience } of vantages) {
      addresses.addresses(ips, audience);
      const targets = new Targets(task.container!.shortId, { ips, audience }, under, records);
      for (const offer of offers) {
        const { containerPort, protocol, port } = offer;
        if (isIgnored(wishes, containerPort, protocol)) continue;
        const target = targets.of(offer);
        const views = audienceOf(audience, offer.ips);
        for (const label of portLabels(wishes, offer)) {
          let set = ports[protocol].get(label);
          if (set === undefined) {
            set = records.set();
            ports[protocol].set(label, set);
          }
          set.srv(target, port, wishes, views);
        }
        services[protocol] ??= records.set();
        services[protocol].srv(target, port, wishes, views);
      }
    }
    if (isWell(task)) for (const line of wishes.txt) addresses.txt(line, EVERYWHERE);
    addresses.keep();
    return { addresses, ports, services };
  }

  #writeAt({ wishes }: Subject, { addresses, ports }: Said, names: readonly WantedOwner[]): void {
    const { writer } = this.#zone;
    const owners = names.map(({ owner }) => owner);
    addresses.write(writer, owners, wishes.ttl);
    for (const protocol of PROTOCOLS) {
      if (ports[protocol].size === 0) continue;
      const parents = owners.map((owner) => this.#under(`_${protocol}`, owner));
      for (const [label, set] of ports[protocol]) {
        const below = parents.map((parent) => this.#under(label, parent));
        set.write(writer, below, wishes.ttl);
      }
    }
  }

  /** `_web._tcp.docker`, `_api._tcp.shop.docker`: the service before the protocol, as in Mesos-DNS. */
  #services({ task, names }: Subject, protocol: Protocol, apex: Name): Name[] {
    const { service, stack } = task.replica ?? { service: task.name };
    return serviceOwners(service, stack, protocol)
      .filter(({ text }) => names.some((name) => name.text === text))
      .map(({ labels }) => this.#under(labels, apex));
  }

  #isGranted({ text, group, folded }: WantedOwner, report: (why: string) => void): boolean {
    const { claims, settings } = this.#zone;
    if (claims.isGranted(folded, group)) return true;
    report(`the name ${text}.${settings.domain} is left to ${claims.winner(folded)}`);
    return false;
  }

  /** An address is called by the container's own name, which comes after its id. */
  #writeReverse(task: Task, [id, name = id]: readonly WantedOwner[]): void {
    if (name !== undefined) for (const { ip } of task.addresses) this.#zone.reverse.write(ip, name.owner);
  }

  #under(labels: string, parent: Name): Name {
    return this.#zone.writer.under(labels, parent);
  }
}

/**
 * The owners of the SRV records of a service, the service before the protocol (Mesos-DNS): `_api._tcp.shop`.
 * @returns with each the name of the service that it belongs to; none for a name with a dot, which is no one label
 */
export function serviceOwners(
  service: string,
  stack: string | undefined,
  protocol: string,
): { readonly text: string; readonly labels: string }[] {
  const [label, ...rest] = (stack === undefined ? [service] : [service, stack]).map(containerLabels);
  if (label === '' || label!.includes('.') || rest.includes('')) return [];
  return spellings([label, ...rest].join('.')).map((text) => {
    const [first, ...more] = text.split('.');
    return { text, labels: [`_${first!.slice(0, 62)}`, `_${protocol}`, ...more].join('.') };
  });
}

/** What the records of one container are made of. */
interface Subject {
  readonly task: Task;
  readonly wishes: Wishes;
  readonly names: readonly WantedOwner[];
  /** Of its targets. */
  readonly records: ViewedRecords;
}

/** What is said at and below each of a container's names. */
interface Said {
  readonly addresses: ViewedSet;
  /** By label: `_80`, `_http`. */
  readonly ports: Readonly<Record<Protocol, ReadonlyMap<string, ViewedSet>>>;
  /** At its service. */
  readonly services: Readonly<Partial<Record<Protocol, ViewedSet>>>;
}

const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp'];

/** Ports that only a label tells of count as exposed. */
function withWishedPorts(task: Task, wishes: Wishes): Task {
  const more = wishes.ports
    .filter(
      ({ number, name }) => name !== undefined && !task.ports.some(({ containerPort }) => containerPort === number),
    )
    .map(({ number, protocol = 'tcp' }) => ({ containerPort: number, protocol }));
  if (more.length === 0) return task;
  const onHost = task.container!.isOnHost ? more.map((port) => ({ ...port, hostPort: port.containerPort })) : more;
  return { ...task, ports: [...task.ports, ...onHost] };
}

/** Whether a label keeps a port out. */
export function isIgnored({ ports }: Wishes, number: number, protocol: string): boolean {
  return ports.some(
    (port) => port.isIgnored && port.number === number && (port.protocol === undefined || port.protocol === protocol),
  );
}

/** `_80`, and `_http` when a label names it so. */
export function portLabels(
  { ports }: Wishes,
  { containerPort, protocol }: Pick<Offer, 'containerPort' | 'protocol'>,
): string[] {
  const labels = [`_${containerPort}`];
  for (const port of ports) {
    if (port.number !== containerPort || (port.protocol !== undefined && port.protocol !== protocol)) continue;
    // One octet of the label goes to the underscore.
    const name = containerLabels(port.name ?? '')
      .replaceAll('.', '-')
      .slice(0, 62);
    if (name !== '') labels.push(`_${name}`);
  }
  return labels;
}

/** The names that SRV records of one container point to, for clients of one vantage. */
export class Targets {
  readonly #base: string;
  readonly #vantage: Pick<Vantage, 'ips' | 'audience'>;
  readonly #under: (text: string) => Name;
  readonly #records: ViewedRecords;

  /**
   * @param base a name of the container alone, whose addresses are all of the vantage
   * @param under makes a name of a text below the zone
   */
  constructor(
    base: string,
    vantage: Pick<Vantage, 'ips' | 'audience'>,
    under: (text: string) => Name,
    records: ViewedRecords,
  ) {
    this.#base = base;
    this.#vantage = vantage;
    this.#under = under;
    this.#records = records;
  }

  /** The target that has just the addresses of an offer. */
  of({ ips }: Pick<Offer, 'ips'>): Name {
    const { ips: all, audience } = this.#vantage;
    if (isSameSet(ips, all)) return this.#under(this.#base);
    const [v4, v6] = [all.filter((ip) => !ip.includes(':')), all.filter((ip) => ip.includes(':'))];
    const part = isSameSet(ips, v4) ? 'v4' : isSameSet(ips, v6) ? 'v6' : taskHash([...ips].sort().join());
    const target = this.#under(`${this.#base}-${part}`);
    this.#records.at(target).addresses(ips, audience);
    return target;
  }
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((ip) => b.includes(ip));
}
