// HOT PATH: no allocation, no await, no throw
// What an answer was composed from. It is good while every slot still holds what it held, a free one included where it says
// that there is no such name; and where that is not enough, while the zone has not changed.
import type { ImageReader } from '../zone/image-reader.ts';
import type { Lookup } from '../zone/lookup.ts';

/** Things that one answer may depend on for it to be kept. */
const MAX_DEPENDENCIES = 160;

export class Dependencies {
  readonly #image: ImageReader;
  /** Pairs of slot and value. */
  readonly slots = new Uint32Array(MAX_DEPENDENCIES * 2);
  slotCount = 0;
  /** Pairs of zone and version. */
  readonly zones = new Uint32Array(MAX_DEPENDENCIES * 2);
  zoneCount = 0;
  /** Whether the last slot is that of the apex whose SOA record ends the message: its serial may be renewed. */
  endsWithSoa = false;
  /** Whether all of them could be written down. */
  isWhole = true;

  constructor(image: ImageReader) {
    this.#image = image;
  }

  clear(): void {
    this.slotCount = this.zoneCount = 0;
    this.isWhole = true;
    this.endsWithSoa = false;
  }

  /** What a lookup in a zone came from. */
  addLookup(lookup: Lookup, zone: number): void {
    if (!lookup.isTraced) {
      this.addZone(zone);
      return;
    }
    for (let i = 0; i < lookup.traceLength; i += 2) this.addSlot(lookup.trace[i], lookup.trace[i + 1]);
  }

  /** The apex whose SOA record is the last of the message. Nothing may be added afterwards. */
  addSoa(slot: number, node: number): void {
    this.addSlot(slot, node);
    this.endsWithSoa = true;
  }

  addSlot(slot: number, value: number): void {
    if (this.slotCount === MAX_DEPENDENCIES) {
      this.isWhole = false;
      return;
    }
    this.slots[this.slotCount * 2] = slot;
    this.slots[this.slotCount * 2 + 1] = value;
    this.slotCount++;
  }

  addZone(id: number): void {
    for (let i = 0; i < this.zoneCount; i++) if (this.zones[i * 2] === id) return;
    if (this.zoneCount === MAX_DEPENDENCIES) {
      this.isWhole = false;
      return;
    }
    this.zones[this.zoneCount * 2] = id;
    this.zones[this.zoneCount * 2 + 1] = this.#image.version(id);
    this.zoneCount++;
  }
}
