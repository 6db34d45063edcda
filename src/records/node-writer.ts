// The writer of the zones that clusters and engines fill: its names are chains of labels, see `wire/name-node.ts`.
import { Type } from '../wire/codes.ts';
import type { Octets } from '../wire/name.ts';
import { MAX_LABEL, MAX_NAME } from '../wire/name.ts';
import { NameNode } from '../wire/name-node.ts';
import { NodeRecord, SrvData } from '../wire/node-record.ts';
import type { RR } from '../wire/rr.ts';
import { EVERYWHERE, type Views } from '../wire/views.ts';
import { type AddressCache, labelFault, octetsOf, type RecordWriter, reportLabels } from './writer.ts';

/** What `NodeWriter.under` gives for labels that are no DNS name. Nothing is written for it or below it. */
export const NO_NODE = new NameNode('', undefined);

/** Collects records as they are served. What cannot be a DNS name is reported and left out. */
export class NodeWriter implements RecordWriter<NameNode> {
  readonly root = NameNode.ROOT;
  readonly #ttl: number;
  readonly #addresses: AddressCache;
  readonly #report: (why: string) => void;
  #records: NodeRecord[] = [];

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

  isName(name: NameNode): boolean {
    return name !== NO_NODE;
  }

  under(labels: Octets, parent: NameNode): NameNode {
    const { length } = labels;
    if (parent === NO_NODE || length === 0) return NO_NODE;
    if (length <= MAX_LABEL && length + 1 + parent.length <= MAX_NAME && labels !== '*' && !labels.includes('.'))
      return new NameNode(labels, parent);
    const fault = labelFault(labels, parent.length);
    if (fault !== undefined) {
      reportLabels(labels, parent.octets, fault, this.#report);
      return NO_NODE;
    }
    let node = parent;
    for (let end = length; end > 0; ) {
      const dot = labels.lastIndexOf('.', end - 1);
      node = new NameNode(labels.slice(dot + 1, end), node);
      end = dot;
    }
    return node;
  }

  address(owners: readonly NameNode[], ip: string): void {
    const rdata = this.#addresses.octets(ip);
    if (rdata === undefined) this.#report(`expected an IPv4 or IPv6 address, got "${ip}"`);
    else for (const owner of owners) this.addressOctets(owner, rdata);
  }

  /** As `address`, from octets: four or sixteen. */
  addressOctets(owner: NameNode, rdata: Octets): void {
    this.#record(owner, rdata.length === 4 ? Type.A : Type.AAAA, rdata);
  }

  srv(owners: readonly NameNode[], target: NameNode, port: number, weight: number): void {
    if (target === NO_NODE) return;
    const data = new SrvData(0, weight, port, target);
    for (const owner of owners) this.#record(owner, Type.SRV, data);
  }

  /**
   * A record that not everybody sees.
   * @param views who does
   * @param ttl seconds; the writer's when absent
   */
  viewed(owner: NameNode, type: number, data: Octets | SrvData, views: Views, ttl = this.#ttl): void {
    if (owner !== NO_NODE)
      this.#records.push(new NodeRecord(owner, type, ttl, data, views === EVERYWHERE ? undefined : views));
  }

  #record(owner: NameNode, type: number, data: Octets | SrvData): void {
    if (owner !== NO_NODE) this.#records.push(new NodeRecord(owner, type, this.#ttl, data));
  }
}

/** Names below another, each made once: what is said at one name is gathered by its node. */
export class NamesBelow {
  readonly #writer: NodeWriter;
  readonly #parent: NameNode;
  readonly #names = new Map<string, NameNode>();

  constructor(writer: NodeWriter, parent: NameNode) {
    this.#writer = writer;
    this.#parent = parent;
  }

  /** @param labels separated by dots */
  of(labels: string): NameNode {
    let name = this.#names.get(labels);
    if (name === undefined) {
      name = this.#writer.under(labels, this.#parent);
      this.#names.set(labels, name);
    }
    return name;
  }
}
