// Two ways to write down the same records. The rules in `tasks.ts` and `cluster.ts` are written once, over names of
// kind N: octets for the zones that are served, or the text that the reference prints, which may hold names that DNS
// cannot carry (empty labels, over-long labels) and is needed for its dumps.
import { Type } from '../wire/codes.ts';
import type { Name, Octets } from '../wire/name.ts';
import { fromLabels, MAX_LABEL, MAX_NAME, nameToText, ROOT } from '../wire/name.ts';
import type { RR } from '../wire/rr.ts';
import { addressOctets, addressText, srvRdata } from '../wire/rr.ts';

export interface RecordWriter<N> {
  readonly root: N;
  /** A text as `under` wants it. Texts of ASCII, which labels are, need not be given here. */
  encode(text: string): string;
  /** The name made of `labels`, separated by dots, in front of `parent`. */
  under(labels: string, parent: N): N;
  /** Whether `under` gave a name; nothing is written for what is none. */
  isName(name: N): boolean;
  /** An A or AAAA record at each owner; an address that is an IPv4-mapped IPv6 one counts as IPv4. */
  address(owners: readonly N[], ip: string): void;
  /** An SRV record at each owner. */
  srv(owners: readonly N[], target: N, port: number, weight: number): void;
}

/** Octets of addresses by their text. To read an IPv4 address costs no more than to find one; the others are kept. */
export class AddressCache {
  /** Entries; bounds the memory that a long run with ever new addresses takes. */
  static readonly #LIMIT = 100_000;
  readonly #octets = new Map<string, Octets | undefined>();

  /** Four or sixteen octets; undefined when the text is no address. */
  octets(ip: string): Octets | undefined {
    if (!ip.includes(':')) return addressOctets(ip);
    let octets = this.#octets.get(ip);
    if (octets === undefined && !this.#octets.has(ip)) {
      octets = unmapped(addressOctets(ip));
      if (this.#octets.size >= AddressCache.#LIMIT) this.#octets.clear();
      this.#octets.set(ip, octets);
    }
    return octets;
  }
}

const MAPPED_PREFIX = '\0\0\0\0\0\0\0\0\0\0\xff\xff';

/** An IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) as the IPv4 address that it stands for. */
function unmapped(octets: Octets | undefined): Octets | undefined {
  return octets?.startsWith(MAPPED_PREFIX) ? octets.slice(12) : octets;
}

/** What `WireWriter.under` gives for labels that are no DNS name. Nothing is written for it or below it. */
export const NO_NAME: Name = '';

/** The octet in front of a label of that many octets. */
const LENGTH_OCTET: readonly Octets[] = Array.from({ length: MAX_LABEL + 1 }, (_, length) =>
  String.fromCharCode(length),
);

/** Labels of DNS names are octets; texts outside ASCII stand there as UTF-8. */
export function octetsOf(text: string): Octets {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * Why labels, separated by dots, cannot stand in front of a name.
 * @param parentLength octets of that name
 */
export function labelFault(labels: Octets, parentLength: number): string | undefined {
  // A wildcard would be answered for every name beside it (RFC 4592), which nobody meant who named a task so.
  if (labels === '*' || labels.startsWith('*.')) return 'it would be a wildcard';
  const fault = 'expected labels of 1 to 63 octets and 255 in all';
  if (labels.length + 1 + parentLength > MAX_NAME) return fault;
  for (let start = 0; start <= labels.length; ) {
    const dot = labels.indexOf('.', start);
    const end = dot < 0 ? labels.length : dot;
    if (end === start || end - start > MAX_LABEL) return fault;
    start = end + 1;
  }
  return undefined;
}

/** Reports labels that get no name. */
export function reportLabels(labels: Octets, parent: Name, fault: string, report: (why: string) => void): void {
  const text = Buffer.from(labels, 'latin1').toString('utf8');
  report(`"${text}" gets no name below ${nameToText(parent)}: ${fault}`);
}

/** Collects records as they are served. What cannot be a DNS name is reported and left out. */
export class WireWriter implements RecordWriter<Name> {
  readonly root = ROOT;
  readonly #ttl: number;
  readonly #addresses: AddressCache;
  readonly #report: (why: string) => void;
  #records: RR[] = [];

  /**
   * @param ttl seconds, of every record
   * @param report is told of each name and value that is left out
   */
  constructor(ttl: number, addresses: AddressCache, report: (why: string) => void) {
    this.#ttl = ttl;
    this.#addresses = addresses;
    this.#report = report;
  }

  /** The records written since the last call. */
  take(): RR[] {
    const records = this.#records;
    if (records.length > 0) this.#records = [];
    return records;
  }

  encode(text: string): Octets {
    return octetsOf(text);
  }

  isName(name: Name): boolean {
    return name !== NO_NAME;
  }

  /** `NO_NAME` for what cannot be a name; that nothing is left of a text is no news here, its caller knows of what. */
  under(labels: Octets, parent: Name): Name {
    const { length } = labels;
    if (parent === NO_NAME || length === 0) return NO_NAME;
    const fits = length <= MAX_LABEL && length + 1 + parent.length <= MAX_NAME;
    if (fits && labels !== '*' && !labels.includes('.')) return LENGTH_OCTET[length]! + labels + parent;
    const fault = labelFault(labels, parent.length);
    if (fault === undefined) return fromLabels(labels.split('.'), parent) ?? NO_NAME;
    reportLabels(labels, parent, fault, this.#report);
    return NO_NAME;
  }

  address(owners: readonly Name[], ip: string): void {
    const rdata = this.#addresses.octets(ip);
    if (rdata === undefined) this.#report(`expected an IPv4 or IPv6 address, got "${ip}"`);
    else for (const owner of owners) this.addressOctets(owner, rdata);
  }

  /** As `address`, from octets: four or sixteen. */
  addressOctets(owner: Name, rdata: Octets): void {
    this.record(owner, rdata.length === 4 ? Type.A : Type.AAAA, rdata);
  }

  srv(owners: readonly Name[], target: Name, port: number, weight: number): void {
    if (target === NO_NAME) return;
    const rdata = srvRdata(0, weight, port, target);
    for (const owner of owners) this.record(owner, Type.SRV, rdata);
  }

  record(owner: Name, type: number, rdata: Octets): void {
    if (owner !== NO_NAME) this.#records.push({ owner, type, ttl: this.#ttl, rdata });
  }
}

/** A record as the reference systems print it, before it is known whether DNS can carry it. */
export interface NamedRecord {
  readonly kind: 'A' | 'AAAA' | 'SRV';
  /** Absolute, spelling kept: `web.marathon.mesos.`. */
  readonly name: string;
  /** An address, or `target.:port`. */
  readonly value: string;
}

/** Collects records as the reference lists them, with all that DNS cannot carry. */
export class TextWriter implements RecordWriter<string> {
  readonly root = '';
  readonly #addresses: AddressCache;
  #records: NamedRecord[] = [];

  constructor(addresses: AddressCache) {
    this.#addresses = addresses;
  }

  /** The records written since the last call, in the order written. */
  take(): NamedRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  encode(text: string): string {
    return text;
  }

  under(labels: string, parent: string): string {
    return `${labels}.${parent}`;
  }

  /** The reference lists what is none, too. */
  isName(): boolean {
    return true;
  }

  address(owners: readonly string[], ip: string): void {
    const octets = this.#addresses.octets(ip);
    const kind = octets?.length === 16 ? 'AAAA' : 'A';
    const value = octets === undefined ? ip : addressText(octets);
    for (const name of owners) this.#records.push({ kind, name, value });
  }

  srv(owners: readonly string[], target: string, port: number): void {
    for (const name of owners) this.#records.push({ kind: 'SRV', name, value: `${target}:${port}` });
  }
}

/** The text of a served record; undefined for a type that the reference's dumps do not list. */
export function namedRecord({ owner, type, rdata }: RR): NamedRecord | undefined {
  const name = nameToText(owner);
  if (type === Type.A || type === Type.AAAA)
    return { kind: type === Type.A ? 'A' : 'AAAA', name, value: addressText(rdata) };
  if (type !== Type.SRV) return undefined;
  const port = (rdata.charCodeAt(4) << 8) | rdata.charCodeAt(5);
  return { kind: 'SRV', name, value: `${nameToText(rdata.slice(6))}:${port}` };
}
