// Moves what lives in an image to other memory, a piece at a time: changes go on in between, and none of them waits until a
// million names have been moved. Each node keeps its slot.
import { Type } from '../wire/codes.ts';
import { ARENA_START, ArenaField, NodeField, SET_WORDS, TOMBSTONE } from './layout.ts';
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
  /** All in front of this word of the old arena has been gone over. */
  #next = ARENA_START / 4;

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

  /**
   * Goes over some of what lies in the old arena, in order: what lies side by side was mostly laid down together, and so was
   * what it says. What changes meanwhile is laid down at the end, so it is come to as well.
   * @param count of nodes, live or not
   * @param nodes those that live, in `words`
   * @param end octets of the old arena that are used
   * @returns whether nothing is left
   */
  step(count: number, nodes: Table, words: Uint32Array, end: number): boolean {
    const to = this.nodes.slots;
    let word = this.#next;
    for (let left = count; word < end / 4 && left > 0; left--) {
      const slot = nodes.slotOf(words[word + ArenaField.HASH]!, word);
      if (slot >= 0) {
        const before = to[slot]!;
        if (before !== 0) this.garbage += this.words[before + ArenaField.SIZE]! * 4;
        to[slot] = this.move(word, words);
        this.#moveTexts(to[slot]!);
      }
      word += words[word + ArenaField.SIZE]!;
    }
    this.#next = word;
    return word >= end / 4;
  }

  /** Takes note of the nodes that are gone. To be called when nothing is left. */
  finish(nodes: Table): void {
    const to = this.nodes.slots;
    const { slots } = nodes;
    for (let slot = 0; slot < slots.length; slot++) {
      if (slots[slot] !== TOMBSTONE) continue;
      if (to[slot] !== 0) this.garbage += this.words[to[slot]! + ArenaField.SIZE]! * 4;
      to[slot] = TOMBSTONE;
    }
    this.nodes.used = nodes.used;
    this.nodes.live = nodes.live;
  }

  /** Copies what lies at a word of the old arena. @returns where it lies in the new one */
  move(word: number, words: Uint32Array): number {
    const size = words[word + ArenaField.SIZE]!;
    const to = this.end / 4;
    const target = this.words;
    for (let i = 0; i < size; i++) target[to + i] = words[word + i]!;
    this.end += size * 4;
    return to;
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
