// Records whose names are chains of labels. To whoever asks they are like any other; the zone store reads them as they are.
import type { Name, Octets } from './name.ts';
import type { NameNode } from './name-node.ts';
import { type RR, srvRdata } from './rr.ts';
import type { Views } from './views.ts';

/** Rdata of an SRV record (RFC 2782). */
export class SrvData {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: NameNode;

  constructor(priority: number, weight: number, port: number, target: NameNode) {
    this.priority = priority;
    this.weight = weight;
    this.port = port;
    this.target = target;
  }

  get octets(): Octets {
    return srvRdata(this.priority, this.weight, this.port, this.target.octets);
  }

  /** Writes what comes before the target: six octets. */
  writeFields(octets: Uint8Array, at: number): void {
    octets[at] = this.priority >> 8;
    octets[at + 1] = this.priority;
    octets[at + 2] = this.weight >> 8;
    octets[at + 3] = this.weight;
    octets[at + 4] = this.port >> 8;
    octets[at + 5] = this.port;
  }
}

export class NodeRecord implements RR {
  readonly node: NameNode;
  readonly type: number;
  readonly ttl: number;
  /** One and the same object in records that say the same, where that is known. */
  readonly data: Octets | SrvData;
  readonly views: Views | undefined;

  /**
   * @param ttl seconds
   * @param views everybody when absent
   */
  constructor(node: NameNode, type: number, ttl: number, data: Octets | SrvData, views?: Views) {
    this.node = node;
    this.type = type;
    this.ttl = ttl;
    this.data = data;
    this.views = views;
  }

  get owner(): Name {
    return this.node.octets;
  }

  get rdata(): Octets {
    return typeof this.data === 'string' ? this.data : this.data.octets;
  }
}
