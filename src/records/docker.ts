// The names of containers, and what each leads to: addresses, and SRV records by port name, number and service. A target
// has the families that the port is right for and no others: an engine may give a port two numbers, one a family.
import type { Task } from '../model/task.ts';
import { isWell } from '../model/task.ts';
import type { Name } from '../wire/name.ts';
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
import { ViewedRecords } from './viewed-records.ts';
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

/** What a container asks for, and what of that cannot be had. */
interface Understood {
  readonly wishes: Wishes;
  readonly names: readonly WantedName[];
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
      understood = { wishes, names: wishes.isIgnored ? [] : containerNames(task, wishes), faults };
      this.#understood.set(task, understood);
    }
    return understood;
  }

  /** The names that a container claims. */
  claims(task: Task): Claim[] {
    const { wishes, names } = this.#read(task);
    if (wishes.isIgnored) return [];
    return names.flatMap(({ text, group, rank }) => {
      const name = this.#under(text, this.#apex);
      return name === NO_NAME ? [] : [{ owner: fold(name), group, rank }];
    });
  }

  /** @param report is told of names and labels that are left out */
  write(task: Task, report: (why: string) => void): void {
    const { settings, addresses, views, writer } = this.#zone;
    const { wishes, names: wanted, faults } = this.#read(task);
    this.#understood.delete(task);
    for (const why of faults) report(why);
    if (wishes.isIgnored) return;
    const names = wanted.filter((name) => this.#isGranted(name, report));
    const vantages = containerVantages(withWishedPorts(task, wishes), views, settings.fromHost, wishes);
    const records = new ViewedRecords(addresses, report);
    const subject = { task, wishes, names, records };
    const place = this.#placeUnder(subject, this.#apex);
    for (const vantage of isWell(task) ? vantages : vantages.map((each) => ({ ...each, audience: NOBODY })))
      this.#writeVantage(subject, vantage, place);
    for (const fixed of settings.fixedViews) this.#writeFixed(subject, vantages, fixed);
    for (const { owner } of place.owners) {
      for (const line of isWell(task) ? wishes.txt : []) records.txt(owner, line, EVERYWHERE);
      records.keep(owner);
    }
    records.flush(writer, wishes.ttl);
    this.#writeReverse(task, place);
  }

  #writeVantage({ task, wishes, records }: Subject, { network, ips, offers, audience }: Vantage, place: Place): void {
    const targets = new Targets(
      task.container!.shortId,
      { ips, audience },
      (text) => this.#under(text, place.apex),
      records,
    );
    const seen = place.owners.filter(({ within }) => within === undefined || within.includes(network?.key ?? ''));
    for (const { owner } of seen) records.addresses(owner, ips, audience);
    for (const offer of offers) {
      const { containerPort, protocol, port } = offer;
      if (isIgnored(wishes, containerPort, protocol)) continue;
      const target = targets.of(offer);
      const views = audienceOf(audience, offer.ips);
      for (const label of portLabels(wishes, offer))
        for (const { [protocol]: parent } of seen) records.srv(this.#under(label, parent), target, port, wishes, views);
      for (const owner of place.services[protocol]) records.srv(owner, target, port, wishes, views);
    }
  }

  /** The owners of a container's records below the zone, or below one of its fixed views. */
  #placeUnder({ task, names }: Subject, apex: Name): Place {
    const owners = names.map(({ text, within }) => {
      const owner = this.#under(text, apex);
      return { within, owner, tcp: this.#under('_tcp', owner), udp: this.#under('_udp', owner) };
    });
    const services = { tcp: this.#services(task, names, 'tcp', apex), udp: this.#services(task, names, 'udp', apex) };
    return { apex, owners, services };
  }

  /** Names whose view does not depend on who asks. */
  #writeFixed(subject: Subject, vantages: readonly Vantage[], fixed: 'inside' | 'host'): void {
    if (!isWell(subject.task)) return;
    const kind = fixed === 'inside' ? 'inside' : 'published';
    const place = this.#placeUnder(subject, this.#under(fixed, this.#apex));
    for (const vantage of vantages)
      if (vantage.kind === kind) this.#writeVantage(subject, { ...vantage, audience: EVERYBODY }, place);
  }

  /** `_web._tcp.docker`, `_api._tcp.shop.docker`: the service before the protocol, as in Mesos-DNS. */
  #services(task: Task, names: readonly WantedName[], protocol: string, apex: Name): Name[] {
    const { service, stack } = task.replica ?? { service: task.name };
    return serviceOwners(service, stack, protocol)
      .filter(({ text }) => names.some((name) => name.text === text))
      .map(({ labels }) => this.#under(labels, apex));
  }

  #isGranted({ text, group }: WantedName, report: (why: string) => void): boolean {
    const owner = fold(this.#under(text, this.#apex));
    if (owner === NO_NAME) return false;
    if (this.#zone.claims.isGranted(owner, group)) return true;
    report(`the name ${text}.${this.#zone.settings.domain} is left to ${this.#zone.claims.winner(owner)}`);
    return false;
  }

  /** An address is called by the container's own name, which comes after its id. */
  #writeReverse(task: Task, { owners }: Place): void {
    const [id, name = id] = owners;
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
  readonly names: readonly WantedName[];
  readonly records: ViewedRecords;
}

/** Owners of the records of one container. */
interface Place {
  readonly apex: Name;
  /** Of its addresses, and what the names of its ports are below. */
  readonly owners: readonly {
    readonly within: readonly string[] | undefined;
    readonly owner: Name;
    readonly tcp: Name;
    readonly udp: Name;
  }[];
  /** Of the SRV records of its service. */
  readonly services: { readonly tcp: readonly Name[]; readonly udp: readonly Name[] };
}

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
    this.#records.addresses(target, ips, audience);
    return target;
  }
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((ip) => b.includes(ip));
}
