// HOT PATH: no allocation, no await, no throw
// The hash under which names are found in the image. It runs from the root leftwards, label by label, so that one pass
// over a question gives the hash of every suffix: zone, closest encloser and wildcard are found without hashing again.
import type { Name } from './name.ts';

/** Hash of the root: any odd number with mixed bits (2^32 divided by the golden ratio). */
export const ROOT_HASH = 0x9e3779b9 | 0;

/** FNV-1a's prime for 32 bits. */
const PRIME = 0x01000193;

/** One octet more, folded; a label is its length octet and its octets. */
export function hashOctet(hash: number, octet: number): number {
  return Math.imul(hash ^ octet, PRIME);
}

/** What follows a label's last octet. */
export function finishLabel(hash: number): number {
  return hash ^ (hash >>> 15);
}

/** Hash of a name from its parent's hash and its leftmost label at `octets[at]` (length octet first), folded. */
export function hashLabel(parent: number, octets: Uint8Array, at: number): number {
  const end = at + octets[at];
  let hash = parent;
  for (let i = at; i <= end; i++) hash = hashOctet(hash, octets[i]);
  return finishLabel(hash);
}

/** Where the labels of the name at hand start; one name has at most 127. */
const starts = new Uint8Array(128);

/** The hash of what starts there, to the end of the name. */
const hashes = new Int32Array(128);

/** The labels of a name, leftmost first: until the next call `suffixStart` and `suffixHash` tell of each. @returns how many */
export function hashSuffixes(name: Name): number {
  let labels = 0;
  for (let at = 0, length = name.charCodeAt(0); length > 0; length = name.charCodeAt(at)) {
    starts[labels++] = at;
    at += 1 + length;
  }
  let hash = ROOT_HASH;
  let end = name.length - 1;
  for (let label = labels - 1; label >= 0; label--) {
    const start = starts[label];
    for (let i = start; i < end; i++) {
      const octet = name.charCodeAt(i);
      hash = hashOctet(hash, octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet);
    }
    hash = finishLabel(hash);
    hashes[label] = hash;
    end = start;
  }
  starts[labels] = name.length - 1;
  hashes[labels] = ROOT_HASH;
  return labels;
}

/** Where the label starts that has that many in front of it; of as many as there are, where the root does. */
export function suffixStart(label: number): number {
  return starts[label];
}

/** The hash of the name that starts there, in any spelling. */
export function suffixHash(label: number): number {
  return hashes[label];
}

/** Hash of a whole name, in any spelling. */
export function hashName(name: Name): number {
  hashSuffixes(name);
  return hashes[0];
}

/** Hash of the wildcard `*` below a name with the hash `parent`. */
export function hashWildcard(parent: number): number {
  return finishLabel(hashOctet(hashOctet(parent, 1), 0x2a));
}

/** Hash of a node: the name's hash spread over all bits, apart for each zone (MurmurHash3's finaliser). */
export function hashNode(nameHash: number, zone: number): number {
  let hash = nameHash ^ Math.imul(zone + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
