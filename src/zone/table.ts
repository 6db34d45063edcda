// A table of slots in shared memory, by open addressing: what the image is found by.
import { TOMBSTONE } from './layout.ts';

export class Table {
  readonly buffer: SharedArrayBuffer;
  readonly slots: Uint32Array;
  readonly mask: number;
  /** Slots that are not free, tombstones included. */
  used = 0;
  /** Those of them that are no tombstones, as far as the writer has gone. */
  live = 0;

  /** @param size slots; a power of two */
  constructor(size: number) {
    this.buffer = new SharedArrayBuffer(size * 4);
    this.slots = new Uint32Array(this.buffer);
    this.mask = size - 1;
  }

  /** Whether there is room for that many keys more: in three quarters of it. */
  fits(more: number): boolean {
    return (this.used + more) * 4 <= (this.mask + 1) * 3;
  }

  /** The least size, `first` or a power of two times that, at which so many keys more leave room to spare. */
  sizeFor(more: number, first: number): number {
    let size = first;
    while ((this.live + more) * 8 > size * 5) size *= 2;
    return size;
  }

  /** Takes a free slot for a new key. Tombstones are not used again: what `publish` buries must stay findable until then. */
  insert(hash: number, value: number): void {
    let slot = hash & this.mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
    this.used++;
    this.live++;
    Atomics.store(this.slots, slot, value);
  }

  /** The slot that holds a value; -1 when none does. @param hash of its key */
  slotOf(hash: number, value: number): number {
    for (let slot = hash & this.mask; ; slot = (slot + 1) & this.mask) {
      const held = this.slots[slot]!;
      if (held === value) return slot;
      if (held === 0) return -1;
    }
  }

  /** The same keys at the same slots, in other memory. */
  copy(): Table {
    const table = new Table(this.mask + 1);
    table.slots.set(this.slots);
    table.used = this.used;
    table.live = this.live;
    return table;
  }

  /** A table of that size without the tombstones. @param hashOf of the key of a value */
  rehashed(size: number, hashOf: (value: number) => number): Table {
    const table = new Table(size);
    for (const value of this.slots) if (value > TOMBSTONE) table.insert(hashOf(value), value);
    return table;
  }
}
