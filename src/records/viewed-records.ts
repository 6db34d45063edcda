// Gathers the records of one contribution of which clients see different parts. Records that say the same under different
// rules become one record that is seen where either is.
import { Type } from '../wire/codes.ts';
import type { Octets } from '../wire/name.ts';
import type { NameNode } from '../wire/name-node.ts';
import type { SrvData } from '../wire/node-record.ts';
import type { Views } from '../wire/views.ts';
import { eitherOf } from '../wire/views.ts';
import type { Audience } from './audience.ts';
import { isIpv6, NOBODY } from './audience.ts';
import type { NodeWriter } from './node-writer.ts';
import { NO_NODE } from './node-writer.ts';
import type { AddressCache } from './writer.ts';

interface Gathered {
  readonly type: number;
  readonly data: Octets | SrvData;
  views: Views;
}

/** What is said at one owner, or at several that say the same: it is gathered once and written at each. */
export class ViewedSet {
  readonly #addresses: AddressCache;
  readonly #report: (why: string) => void;
  /** There are few. */
  readonly #records: Gathered[] = [];

  /** @param report is told of what is no address */
  constructor(addresses: AddressCache, report: (why: string) => void) {
    this.#addresses = addresses;
    this.#report = report;
  }

  /** An A or AAAA record for each address. */
  addresses(ips: readonly string[], audience: Audience): void {
    for (const ip of ips) {
      const rdata = this.#addresses.octets(ip);
      if (rdata === undefined) this.#report(`expected an IPv4 or IPv6 address, got "${ip}"`);
      else this.#add(rdata.length === 4 ? Type.A : Type.AAAA, rdata, isIpv6(ip) ? audience.ipv6 : audience.ipv4);
    }
  }

  srv(data: SrvData, views: Views): void {
    if (data.target === NO_NODE) return;
    for (const known of this.#records)
      if (typeof known.data !== 'string' && areSame(known.data, data)) {
        known.views = eitherOf(known.views, views);
        return;
      }
    this.#records.push({ type: Type.SRV, data, views });
  }

  /** A TXT record of one text, cut at 255 octets (RFC 1035 3.3.14). */
  txt(text: string, views: Views): void {
    const octets = Buffer.from(text, 'utf8').subarray(0, 255).toString('latin1');
    this.#add(Type.TXT, String.fromCharCode(octets.length) + octets, views);
  }

  /** Makes sure that the name exists: one without records gets one that nobody sees. */
  keep(): void {
    if (this.#records.length === 0) this.txt('', NOBODY.ipv4);
  }

  /**
   * Record by record, as the zone store keeps what is said at several owners together.
   * @param ttl seconds; the writer's when absent
   */
  write(writer: NodeWriter, owners: readonly NameNode[], ttl: number | undefined): void {
    for (const { type, data, views } of this.#records)
      for (let i = 0; i < owners.length; i++) writer.viewed(owners[i]!, type, data, views, ttl);
  }

  #add(type: number, rdata: Octets, views: Views): void {
    for (const known of this.#records)
      if (known.type === type && known.data === rdata) {
        known.views = eitherOf(known.views, views);
        return;
      }
    this.#records.push({ type, data: rdata, views });
  }
}

function areSame(a: SrvData, b: SrvData): boolean {
  return a.port === b.port && a.target === b.target && a.weight === b.weight && a.priority === b.priority;
}

/** Sets by owner. */
export class ViewedRecords {
  readonly #addresses: AddressCache;
  readonly #report: (why: string) => void;
  readonly #sets = new Map<NameNode, ViewedSet>();

  /** @param report is told of what is no address */
  constructor(addresses: AddressCache, report: (why: string) => void) {
    this.#addresses = addresses;
    this.#report = report;
  }

  /** A set that belongs to no owner yet. */
  set(): ViewedSet {
    return new ViewedSet(this.#addresses, this.#report);
  }

  /** What is said at an owner, which is always the same object; what is added for `NO_NODE` is never written. */
  at(owner: NameNode): ViewedSet {
    let set = this.#sets.get(owner);
    if (set === undefined) {
      set = this.set();
      this.#sets.set(owner, set);
    }
    return set;
  }

  /** Hands all over. @param ttl seconds; the writer's when absent */
  write(writer: NodeWriter, ttl: number | undefined): void {
    for (const [owner, set] of this.#sets) set.write(writer, [owner], ttl);
  }
}
