// HOT PATH: no allocation, no await, no throw
// Finds zones and nodes in the shared image. Any number of threads read while the main thread writes: what a slot points
// at never changes, and `sequence` tells a reader whether slots moved under it.

import { Type } from '../wire/codes.ts';
import { hashNode } from '../wire/name-hash.ts';
import type { NameView } from '../wire/name-view.ts';
import { OUTSIDE, TRAITS } from '../wire/views.ts';
import { ClientTable } from './client-table.ts';
import {
  Control,
  type ImageBuffers,
  NodeField,
  NodeFlag,
  SET_WORDS,
  SetFlag,
  TARGET_WORD,
  TOMBSTONE,
  ZoneField,
  ZoneFlag,
} from './layout.ts';

/** Looks at the control block while a publication is under way, at most; then a reader goes on with what there is. */
const PATIENCE = 20_000;

/** Octets of an SOA record's numbers, which stand at its end, the serial first. */
export const SOA_NUMBERS = 20;

/** A thread's window on the image. */
export class ImageReader {
  readonly #control: Int32Array;
  #epoch = 0;
  /** Which memory it looks at: that of another generation is of no use any more. */
  generation = 0;
  words!: Uint32Array;
  octets!: Uint8Array;
  /** The octets of names and rdata, and the same as words. */
  texts!: Uint8Array;
  #textWords!: Uint32Array;
  #nodes!: Uint32Array;
  #nodeMask = 0;
  #zones!: Uint32Array;
  #zoneMask = 0;
  #versions!: Uint32Array;
  /** Which view a client is in. */
  clients!: ClientTable;
  /** Set when an RRset was met of which not every view sees the same; whoever asks clears it first. */
  hasSeenViews = false;
  /**
   * Slot in which `findNode` found its node, or the free one at which it knew that there is none: slots are not used again,
   * so while that one stays free no such node has come.
   */
  slot = 0;
  /** Set when a node was passed that is not in force yet and may be the one in question; whoever asks clears it first. */
  hasPassedHidden = false;

  constructor(control: SharedArrayBuffer, buffers: ImageBuffers) {
    this.#control = new Int32Array(control);
    this.adopt(buffers);
  }

  /** Goes over to new buffers. Offsets and slots of the old ones mean nothing afterwards. */
  adopt(buffers: ImageBuffers): void {
    this.#epoch = buffers.epoch;
    this.generation = buffers.generation;
    this.words = new Uint32Array(buffers.arena);
    this.octets = new Uint8Array(buffers.arena);
    this.texts = new Uint8Array(buffers.texts);
    this.#textWords = new Uint32Array(buffers.texts);
    this.#nodes = new Uint32Array(buffers.nodes);
    this.#nodeMask = this.#nodes.length - 1;
    this.#zones = new Uint32Array(buffers.zones);
    this.#zoneMask = this.#zones.length - 1;
    this.#versions = new Uint32Array(buffers.versions);
    this.clients = new ClientTable(buffers.clients);
  }

  /** Whether newer buffers have been handed out. */
  get isOutdated(): boolean {
    return Atomics.load(this.#control, Control.EPOCH) !== this.#epoch;
  }

  /** The sequence of publications; waits a little for one that is under way. Odd when it did not end in time. */
  sequence(): number {
    let value = Atomics.load(this.#control, Control.SEQUENCE);
    for (let i = 0; (value & 1) !== 0 && i < PATIENCE; i++) value = Atomics.load(this.#control, Control.SEQUENCE);
    return value;
  }

  /** How often a zone has changed. */
  version(zone: number): number {
    return this.#versions[zone];
  }

  /** What a slot of the nodes' table holds now. */
  slotValue(slot: number): number {
    return Atomics.load(this.#nodes, slot);
  }

  /** The zone whose origin is the suffix of `name` that starts at `label`. @returns its word in the arena; 0 when none */
  findZone(name: NameView, label: number): number {
    const hash = hashNode(name.hashes[label], 0);
    for (let slot = hash & this.#zoneMask; ; slot = (slot + 1) & this.#zoneMask) {
      const word = Atomics.load(this.#zones, slot);
      if (word === 0) return 0;
      if (
        word !== TOMBSTONE &&
        this.words[word] === hash >>> 0 &&
        (this.words[word + ZoneField.FLAGS] & ZoneFlag.HIDDEN) === 0 &&
        matches(
          name,
          name.labelAt[label],
          this.octets,
          word * 4 + ZoneField.ORIGIN,
          this.octets[word * 4 + ZoneField.LENGTHS],
        )
      )
        return word;
    }
  }

  /** The node of a zone whose name is the suffix of `name` that starts at `label`. @returns its word; 0 when none */
  findNode(zone: number, name: NameView, label: number): number {
    return this.#probe(zone, hashNode(name.hashes[label], zone), name, label, false);
  }

  /** The node `*` right below the suffix of `name` that starts at `label`. @returns its word; 0 when none */
  findWildcard(zone: number, hash: number, name: NameView, label: number): number {
    return this.#probe(zone, hashNode(hash, zone), name, label, true);
  }

  #probe(zone: number, hash: number, name: NameView, label: number, wildcard: boolean): number {
    const words = this.words;
    for (let slot = hash & this.#nodeMask; ; slot = (slot + 1) & this.#nodeMask) {
      const word = Atomics.load(this.#nodes, slot);
      if (word === 0) {
        this.slot = slot;
        return 0;
      }
      if (word === TOMBSTONE || words[word] !== hash >>> 0 || words[word + NodeField.ZONE] !== zone) continue;
      let length = this.octets[word * 4 + NodeField.NAME_LENGTH];
      if ((this.octets[word * 4 + NodeField.FLAGS] & NodeFlag.HIDDEN) !== 0) {
        this.hasPassedHidden = true;
        continue;
      }
      let at = this.nameAt(word);
      if (wildcard) {
        if (this.texts[at] !== 1 || this.texts[at + 1] !== 0x2a) continue;
        at += 2;
        length -= 2;
      }
      if (matches(name, name.labelAt[label], this.texts, at, length)) {
        this.slot = slot;
        return word;
      }
    }
  }

  /** Where in `texts` a node's name starts. */
  nameAt(node: number): number {
    return this.words[node + NodeField.NAME] + 2;
  }

  /** Word of the first of an RRset's places of rdata. */
  firstPlace(node: number, entry: number): number {
    return node + this.words[entry + 3];
  }

  /** Where in `octets` the rules of an RRset start, one for each rdata; they mean something if it has any. */
  firstRule(node: number, entry: number): number {
    return (node + this.words[entry + 3] + this.words[entry + 2]) * 4;
  }

  /** Octets of the text at a place; they start two behind it. */
  textLength(place: number): number {
    return (this.texts[place] << 8) | this.texts[place + 1];
  }

  /** The place of the target of SRV rdata. */
  target(place: number): number {
    return this.#textWords[(place >>> 2) + TARGET_WORD];
  }

  /** How many RRsets a node has. */
  setCount(node: number): number {
    const at = node * 4 + NodeField.COUNT;
    return this.octets[at] | (this.octets[at + 1] << 8);
  }

  /** Word of a node's first RRset entry; the next ones follow every `SET_WORDS`. */
  firstSet(node: number): number {
    return node + NodeField.SETS;
  }

  /** A node's RRset of a type that the view sees something of. @returns the word of its entry; 0 when none */
  findSet(node: number, type: number, view: number): number {
    const words = this.words;
    let entry = this.firstSet(node);
    for (let left = this.setCount(node); left > 0; left--, entry += SET_WORDS) {
      const head = words[entry];
      if ((head & 0xffff) === type) return head >>> 16 === 0 || this.isVisible(node, entry, view) ? entry : 0;
    }
    return 0;
  }

  /**
   * Where the serial of an SOA record lies (RFC 1035 3.3.13), if nothing else of it has changed.
   * @param before the node that had it, which still lies where it was
   * @param now what the slot of that node holds now
   * @returns where in `texts` the serial starts that is in force; -1 when there is more to it
   */
  newSerial(before: number, now: number): number {
    if (now === 0 || now === TOMBSTONE) return -1;
    const { words, texts } = this;
    const old = this.findSet(before, Type.SOA, OUTSIDE);
    const set = this.findSet(now, Type.SOA, OUTSIDE);
    // Flags, TTL, and that there is one.
    if (old === 0 || set === 0 || words[old] !== Type.SOA || words[set] !== Type.SOA) return -1;
    if (words[old + 1] !== words[set + 1] || words[old + 2] !== 1 || words[set + 2] !== 1) return -1;
    const was = words[this.firstPlace(before, old)];
    const is = words[this.firstPlace(now, set)];
    const end = this.textLength(is) + 2;
    const serial = end - SOA_NUMBERS;
    for (let i = 0; i < end; i++) if (texts[was + i] !== texts[is + i] && (i < serial || i >= serial + 4)) return -1;
    return is + serial;
  }

  /** Whether a view sees at least one record of an RRset. */
  isVisible(node: number, entry: number, view: number): boolean {
    if (((this.words[entry] >>> 16) & SetFlag.VIEWS) === 0) return true;
    this.hasSeenViews = true;
    let at = this.firstRule(node, entry);
    for (let left = this.words[entry + 2]; left > 0; left--) {
      if (this.isSeen(at, view)) return true;
      at += 1 + this.octets[at];
    }
    return false;
  }

  /** Whether the rule at `octets[at]` (see `wire/views.ts`) lets a view see its record. */
  isSeen(at: number, view: number): boolean {
    const octets = this.octets;
    const end = at + octets[at];
    if (end === at) return true;
    const general = octets[at + 1];
    const isGeneral = general !== 0 && (view & (general << 8) & TRAITS) === 0;
    for (let i = at + 2; i < end; i += 2) if (((octets[i] << 8) | octets[i + 1]) === view) return !isGeneral;
    return isGeneral;
  }
}

/** Whether the octets at `at` spell the suffix of `name` at `from`, letter case aside. */
function matches(name: NameView, from: number, theirs: Uint8Array, at: number, length: number): boolean {
  if (name.length - from !== length) return false;
  const ours = name.octets;
  for (let i = 0; i < length; i++) {
    const octet = theirs[at + i];
    if (octet !== ours[from + i] && (octet < 0x41 || octet > 0x5a || octet + 0x20 !== ours[from + i])) return false;
  }
  return true;
}
