// Moves what lives in an image to other memory, a piece at a time: in between changes go on as ever, so that the one that
// starts a compaction of a million names is seen as soon as any other. Each node keeps its slot.

import { Type } from '../wire/codes.ts';
import { ARENA_START, NodeField, SET_WORDS, TOMBSTONE } from './layout.ts';
import { type OctetBuffer, octetsOf } from './octet-buffer.ts';
import { Table } from './table.ts';
import type { Texts } from './texts.ts';

export class Compaction {
  readonly arena: SharedArrayBuffer;
  readonly words: Uint32Array;
  readonly octets: OctetBuffer;
  readonly nodes: Table;
  /** Octets that do not come along. All others that were laid down have to fit in. */
  readonly leftBehind: number;
  /** Octets of the arena that are used, and those of them that are no longer of use. */
  end = ARENA_START;
  garbage = 0;
  readonly #texts: Texts;
  /** All slots in front of it have been gone over. */
  #next = 0;
  /** Those of them that hold something else since. */
  readonly #changed = new Set<number>();

  /**
   * @param texts that move as well
   * @param slots of the table of nodes
   * @param length of the arena
   * @param leftBehind octets of the one before that are no longer of use
   */
  constructor(texts: Texts, slots: number, length: number, leftBehind: number) {
    this.#texts = texts;
    this.leftBehind = leftBehind;
    this.arena = new SharedArrayBuffer(length);
    this.words = new Uint32Array(this.arena);
    this.octets = octetsOf(this.arena);
    this.nodes = new Table(slots);
    texts.startMoving();
  }

  /** Octets of the arena. */
  get room(): number {
    return this.arena.byteLength;
  }

  /** Says that a slot of the nodes' table holds something else. */
  change(slot: number): void {
    if (slot < this.#next) this.#changed.add(slot);
  }

  /**
   * Moves some nodes.
   * @param count how many at most
   * @param nodes all of them, which lie in `words`
   * @returns whether none is left
   */
  step(count: number, nodes: Table, words: Uint32Array): boolean {
    const { slots } = nodes;
    const to = this.nodes.slots;
    let left = count;
    let slot = this.#next;
    for (; slot < slots.length && left > 0; slot++) {
      const word = slots[slot]!;
      if (word <= TOMBSTONE) to[slot] = word;
      else {
        to[slot] = this.#moveNode(word, words);
        left--;
      }
    }
    this.#next = slot;
    return slot === slots.length;
  }

  /** Moves what has changed meanwhile. To be called when no node is left. */
  finish(nodes: Table, words: Uint32Array): void {
    const to = this.nodes.slots;
    for (const slot of this.#changed) {
      const before = to[slot]!;
      if (before > TOMBSTONE) this.garbage += this.words[before + NodeField.SIZE]! * 4;
      const word = nodes.slots[slot]!;
      to[slot] = word <= TOMBSTONE ? word : this.#moveNode(word, words);
    }
    this.nodes.used = nodes.used;
    this.nodes.live = nodes.live;
  }

  /** Copies words into the new arena. @returns where they lie */
  move(word: number, size: number, words: Uint32Array): number {
    const to = this.end / 4;
    const target = this.words;
    for (let i = 0; i < size; i++) target[to + i] = words[word + i]!;
    this.end += size * 4;
    return to;
  }

  #moveNode(word: number, words: Uint32Array): number {
    const node = this.move(word, words[word + NodeField.SIZE]!, words);
    this.#moveTexts(node);
    return node;
  }

  /** Says in a node where its name and its rdata have been moved to. */
  #moveTexts(node: number): void {
    const words = this.words;
    const texts = this.#texts;
    words[node + NodeField.NAME] = texts.move(0, words[node + NodeField.NAME]!);
    const at = node * 4 + NodeField.COUNT;
    const sets = this.octets[at]! | (this.octets[at + 1]! << 8);
    for (let entry = node + NodeField.SETS; entry < node + NodeField.SETS + sets * SET_WORDS; entry += SET_WORDS) {
      const type = words[entry]! & 0xffff;
      if (type === Type.A) continue;
      const first = node + words[entry + 3]!;
      const last = first + words[entry + 2]!;
      for (let i = first; i < last; i++) words[i] = texts.move(type, words[i]!);
    }
  }
}
