// Gathers the records of one contribution of which clients see different parts. Records that say the same under different
// rules become one record that is seen where either is.
import { Type } from '../wire/codes.ts';
import type { Name, Octets } from '../wire/name.ts';
import { srvRdata } from '../wire/rr.ts';
import type { Views } from '../wire/views.ts';
import { eitherOf } from '../wire/views.ts';
import type { Audience } from './audience.ts';
import { audienceOf, NOBODY } from './audience.ts';
import type { AddressCache, WireWriter } from './writer.ts';
import { NO_NAME } from './writer.ts';

interface Gathered {
  readonly type: number;
  readonly rdata: Octets;
  views: Views;
}

export class ViewedRecords {
  readonly #addresses: AddressCache;
  readonly #report: (why: string) => void;
  /** By owner; one has few. */
  readonly #records = new Map<Name, Gathered[]>();

  constructor(addresses: AddressCache, report: (why: string) => void) {
    this.#addresses = addresses;
    this.#report = report;
  }

  /** An A or AAAA record for each address. */
  addresses(owner: Name, ips: readonly string[], audience: Audience): void {
    for (const ip of ips) {
      const rdata = this.#addresses.octets(ip);
      if (rdata === undefined) this.#report(`expected an IPv4 or IPv6 address, got "${ip}"`);
      else this.#add(owner, rdata.length === 4 ? Type.A : Type.AAAA, rdata, audienceOf(audience, [ip]));
    }
  }

  srv(owner: Name, target: Name, port: number, balance: { priority: number; weight: number }, views: Views): void {
    if (target !== NO_NAME) this.#add(owner, Type.SRV, srvRdata(balance.priority, balance.weight, port, target), views);
  }

  /** A TXT record of one text, cut at 255 octets (RFC 1035 3.3.14). */
  txt(owner: Name, text: string, views: Views): void {
    const octets = Buffer.from(text, 'utf8').subarray(0, 255).toString('latin1');
    this.#add(owner, Type.TXT, String.fromCharCode(octets.length) + octets, views);
  }

  /** Makes sure that the name exists. */
  keep(owner: Name): void {
    if (!this.#records.has(owner)) this.txt(owner, '', NOBODY.ipv4);
  }

  /** Hands all over and forgets them. @param ttl seconds; the writer's when absent */
  flush(writer: WireWriter, ttl: number | undefined): void {
    for (const [owner, records] of this.#records)
      for (const { type, rdata, views } of records) writer.viewed(owner, type, rdata, views, ttl);
    this.#records.clear();
  }

  #add(owner: Name, type: number, rdata: Octets, views: Views): void {
    if (owner === NO_NAME) return;
    const records = this.#records.get(owner);
    const known = records?.find((record) => record.type === type && record.rdata === rdata);
    if (known) known.views = eitherOf(known.views, views);
    else if (records) records.push({ type, rdata, views });
    else this.#records.set(owner, [{ type, rdata, views }]);
  }
}
