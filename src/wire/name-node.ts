// Domain names as chains of labels, for names that are made by the thousand: one more label in front of a known name costs
// that label alone, and what was found out about the name behind it is found out.
import type { Name, Octets } from './name.ts';
import { foldOctet, labelsOf } from './name.ts';
import { finishLabel, hashOctet, ROOT_HASH } from './name-hash.ts';

/** An absolute name: its leftmost label, spelling kept, and the name behind it. */
export class NameNode {
  static readonly ROOT = new NameNode('', undefined);

  /** 1 to 63 octets; empty at the root. */
  readonly label: Octets;
  /** Octets of it. Asked for here, because those of a string are found slowly when there are strings of many makes. */
  readonly labelLength: number;
  /** Undefined at the root. */
  readonly parent: NameNode | undefined;
  /** `hashName` of it. */
  readonly hash: number;
  /** Octets in wire form. */
  readonly length: number;
  /** The store's note: the number that it has there for the name, and as of when. */
  owner = -1;
  noted = -1;

  /** @param label in front of `parent`; that both fit into a name is the caller's to see to */
  constructor(label: Octets, parent: NameNode | undefined) {
    this.label = label;
    this.parent = parent;
    const { length } = label;
    this.labelLength = length;
    if (parent === undefined) {
      this.hash = ROOT_HASH;
      this.length = 1;
      return;
    }
    let hash = hashOctet(parent.hash, length);
    for (let i = 0; i < length; i++) hash = hashOctet(hash, foldOctet(label.charCodeAt(i)));
    this.hash = finishLabel(hash);
    this.length = 1 + length + parent.length;
  }

  static of(name: Name): NameNode {
    return labelsOf(name).reduceRight((parent, label) => new NameNode(label, parent), NameNode.ROOT);
  }

  get octets(): Name {
    let name = '';
    let node: NameNode = this;
    for (; node.parent; node = node.parent) name += String.fromCharCode(node.label.length) + node.label;
    return `${name}\0`;
  }
}
