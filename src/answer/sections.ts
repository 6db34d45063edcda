// HOT PATH: no allocation, no await, no throw
// Writes RRsets of the image into the sections of a message, with the addresses that belong beside them, and cuts honestly
// what does not fit (RFC 2181 9, RFC 9471).
import { Type } from '../wire/codes.ts';
import { MAX_NAME } from '../wire/name.ts';
import { NameView } from '../wire/name-view.ts';
import { additionalNameOffset } from '../wire/rr.ts';
import type { ImageReader } from '../zone/image-reader.ts';
import { NodeField, SET_WORDS, SetFlag, ZoneField, ZoneFlag } from '../zone/layout.ts';
import { type Lookup, Outcome } from '../zone/lookup.ts';
import { Dependencies } from './dependencies.ts';
import { MAX_TARGETS, MessageWriter, POINTER_LIMIT } from './message.ts';

/** Slots of the set that finds targets named twice; a power of two. */
const SEEN_SLOTS = 4_096;

export class Sections {
  readonly message = new MessageWriter();
  readonly dependencies: Dependencies;
  readonly lookup: Lookup;
  readonly #image: ImageReader;
  /** The view that asks. */
  view = 0;
  /** Record of an RRset that comes first, counted round. */
  start = 0;
  /** Whether ANY is answered with all that there is. */
  isWhole = false;
  isTruncated = false;
  /** All that belongs into the answer is in it, optional additional data too. */
  isComplete = false;
  /** The RRset whose order may be turned: where it starts and ends in the message, how many records, where each begins. */
  turnStart = 0;
  turnEnd = 0;
  turnCount = 0;
  /** Whether the RRset is so long that another order has to be composed anew. */
  isTooLongToTurn = false;
  readonly recordAt = new Uint16Array(MAX_TARGETS);
  /** Which of the message's targets is the first of the RRset written last. */
  #firstTarget = 0;
  readonly #target = new NameView();
  readonly #renamed = new NameView();
  readonly #seen = new Uint32Array(SEEN_SLOTS);
  readonly #seenMark = new Uint32Array(SEEN_SLOTS);
  #mark = 0;

  constructor(image: ImageReader, lookup: Lookup) {
    this.#image = image;
    this.lookup = lookup;
    this.dependencies = new Dependencies(image);
  }

  clear(): void {
    this.dependencies.clear();
    this.isTruncated = false;
    this.isComplete = true;
    this.turnCount = 0;
    this.isTooLongToTurn = false;
  }

  /** Writes an RRset into the answer section, turned so that record `start` comes first. */
  putSet(node: number, set: number, pointer: number, mayTurn: boolean): void {
    const image = this.#image;
    const { octets, words } = image;
    const { message } = this;
    this.#firstTarget = message.targets;
    const hasViews = ((words[set] >>> 16) & SetFlag.VIEWS) !== 0;
    const type = words[set] & 0xffff;
    const count = words[set + 2];
    const first = image.firstPlace(node, set);
    const skip = mayTurn && count > 1 ? this.start % count : 0;
    let rule = hasViews ? this.#ruleAt(node, set, skip) : 0;
    this.turnStart = message.length;
    // Records that may change places must not point into one another.
    message.isFrozen = mayTurn && count > 1;
    let written = 0;
    for (let i = skip, left = count; left > 0; i++, left--) {
      if (i === count) {
        i = 0;
        if (hasViews) rule = image.firstRule(node, set);
      }
      if (!hasViews || image.isSeen(rule, this.view)) {
        const start = message.length;
        message.putPointer(pointer);
        if (!this.#putRecord(type, words[set + 1], first + i)) {
          message.cut(start);
          this.isTruncated = true;
          this.isComplete = false;
          break;
        }
        if (written < MAX_TARGETS) this.recordAt[written] = start;
        written++;
        message.answers++;
      }
      if (hasViews) rule += 1 + octets[rule];
    }
    message.isFrozen = false;
    this.turnEnd = message.length;
    // Beyond what a pointer can name, a target that the additional section points at must stay where it is.
    this.isTooLongToTurn = mayTurn && written > 1 && this.turnEnd > POINTER_LIMIT;
    this.turnCount = mayTurn && written > 1 && !this.isTooLongToTurn ? written : 0;
  }

  /** Where in the image's texts the rdata of the first record lies that the view sees of an RRset. Not for A and SRV. */
  firstRdata(node: number, set: number): number {
    const image = this.#image;
    let at = image.firstPlace(node, set);
    if (((image.words[set] >>> 16) & SetFlag.VIEWS) === 0) return image.words[at] + 2;
    // There is one, or the set was not found.
    for (let rule = image.firstRule(node, set); !image.isSeen(rule, this.view); rule += 1 + image.octets[rule]) at++;
    return image.words[at] + 2;
  }

  /** Where the rule of an RRset's record `index` starts. */
  #ruleAt(node: number, set: number, index: number): number {
    const image = this.#image;
    let at = image.firstRule(node, set);
    for (let i = 0; i < index; i++) at += 1 + image.octets[at];
    return at;
  }

  /** Writes what follows the owner of a record. @param word that of its rdata @returns false when it does not fit */
  #putRecord(type: number, ttl: number, word: number): boolean {
    const image = this.#image;
    if (type === Type.A) return this.message.putRecord(image.octets, type, ttl, word * 4, 4);
    const { texts } = image;
    const place = image.words[word];
    if (type !== Type.SRV) return this.message.putRecord(texts, type, ttl, place + 2, image.textLength(place));
    const target = image.target(place);
    return this.message.putRecord(texts, type, ttl, place + 2, 6 + image.textLength(target), target + 2);
  }

  /** RFC 8482: over UDP one RRset is enough; over TCP everything. */
  putAny(node: number, pointer: number): void {
    const image = this.#image;
    let set = image.firstSet(node);
    for (let left = image.setCount(node); left > 0; left--, set += SET_WORDS) {
      if (!image.isVisible(node, set, this.view)) continue;
      this.putSet(node, set, pointer, false);
      if (this.isTruncated || !this.isWhole) return;
    }
  }

  /** The NS set of a cut, and the addresses of its servers that the zone holds: those at or below the cut are required. */
  putReferral(id: number, name: NameView, apex: number): void {
    const image = this.#image;
    const { octets, words, texts } = image;
    const { message, lookup } = this;
    const { node, set, cutLabel } = lookup;
    const first = image.firstPlace(node, set);
    const count = words[set + 2];
    const hasViews = ((words[set] >>> 16) & SetFlag.VIEWS) !== 0;
    const targets = message.targets;
    let rule = image.firstRule(node, set);
    for (let i = 0; i < count; i++) {
      const isSeen = !hasViews || image.isSeen(rule, this.view);
      if (hasViews) rule += 1 + octets[rule];
      if (!isSeen) continue;
      const start = message.length;
      message.putName(texts, image.nameAt(node), true);
      if (!this.#putRecord(Type.NS, words[set + 1], first + i)) {
        message.cut(start);
        this.isTruncated = true;
        this.isComplete = false;
        return;
      }
      message.authorities++;
    }
    this.#forgetSeen();
    for (let required = 1; required >= 0; required--) {
      rule = image.firstRule(node, set);
      let written = targets;
      for (let i = 0; i < count; i++) {
        const isSeen = !hasViews || image.isSeen(rule, this.view);
        if (hasViews) rule += 1 + octets[rule];
        if (!isSeen) continue;
        const target = this.#target;
        target.read(texts, words[first + i] + 2, texts.length);
        target.hash();
        const writtenAt = written < MAX_TARGETS ? message.targetAt[written] : 0;
        written++;
        if ((target.isBelow(name, cutLabel) ? 1 : 0) !== required || !target.isBelow(name, apex)) continue;
        const glue = image.findNode(id, target, 0);
        if (glue === 0 || this.#wasSeen(glue)) continue;
        const whole = this.#putAddresses(glue, writtenAt);
        if (!whole && required === 1) {
          this.isTruncated = true;
          this.isComplete = false;
          return;
        }
      }
    }
  }

  /** Addresses of the hosts that an RRset of the answer names, where we hold them. Optional: left out without a word. */
  putAdditional(node: number, set: number): void {
    const image = this.#image;
    const { message } = this;
    const type = image.words[set] & 0xffff;
    const nameOffset = additionalNameOffset(type);
    if (nameOffset < 0) return;
    const isService = type === Type.SVCB || type === Type.HTTPS;
    const { octets, words, texts } = image;
    const hasViews = ((words[set] >>> 16) & SetFlag.VIEWS) !== 0;
    const count = words[set + 2];
    const skip = count > 1 ? this.start % count : 0;
    const first = image.firstPlace(node, set);
    let rule = hasViews ? this.#ruleAt(node, set, skip) : 0;
    this.#forgetSeen();
    let target = this.#firstTarget;
    for (let i = skip, left = count; left > 0; i++, left--) {
      if (i === count) {
        i = 0;
        if (hasViews) rule = image.firstRule(node, set);
      }
      const visible = !hasViews || image.isSeen(rule, this.view);
      if (hasViews) rule += 1 + octets[rule];
      if (!visible) continue;
      const place = words[first + i];
      const nameAt = type === Type.SRV ? image.target(place) + 2 : place + 2 + nameOffset;
      // RFC 9460 2.5.2: a target of "." in service mode means the owner itself, whose addresses the client asks for anyway.
      if (texts[nameAt] === 0) {
        target++;
        continue;
      }
      const written = isService || target >= message.targets ? 0 : message.targetAt[target];
      target++;
      this.#target.read(texts, nameAt, texts.length);
      this.#target.hash();
      if (!this.#addTarget(written)) {
        this.isComplete = false;
        return;
      }
    }
  }

  /** @returns false when its addresses did not fit */
  #addTarget(written: number): boolean {
    const image = this.#image;
    const { lookup } = this;
    const target = this.#target;
    const label = lookup.zoneLabel(target, Type.A);
    if (label < 0) return true;
    let home = image.findZone(target, label);
    let name = target;
    if ((image.words[home + ZoneField.FLAGS] & ZoneFlag.IS_ALIAS) !== 0) {
      const at = home * 4;
      const originLength = image.octets[at + ZoneField.LENGTHS];
      if (target.labelAt[label] + image.octets[at + ZoneField.LENGTHS + 1] > MAX_NAME) return true;
      this.#renamed.join(target, label, image.octets, at + ZoneField.ORIGIN + originLength);
      name = this.#renamed;
      home = image.findZone(name, label);
      if (home === 0) return true;
    }
    const outcome = lookup.find(home, label, name, Type.A, this.view);
    const id = image.words[home + ZoneField.ID];
    let node = 0;
    if (outcome === Outcome.ANSWER || outcome === Outcome.NODATA) node = lookup.node;
    else if (outcome === Outcome.DELEGATION) node = image.findNode(id, name, 0);
    this.dependencies.addLookup(lookup, id);
    if (node === 0 || this.#wasSeen(node)) return true;
    // An owner that is spelled out is the node's, which would be wrong for one that a wildcard made.
    if (written === 0 && image.octets[node * 4 + NodeField.NAME_LENGTH] !== name.length) return true;
    return this.#putAddresses(node, written);
  }

  /** Writes a node's A and AAAA RRsets into the additional section, each whole or not at all. @returns whether all fitted */
  #putAddresses(node: number, written: number): boolean {
    return this.#putAddressSet(node, Type.A, written) && this.#putAddressSet(node, Type.AAAA, written);
  }

  #putAddressSet(node: number, type: number, written: number): boolean {
    const image = this.#image;
    const { message } = this;
    const set = image.findSet(node, type, this.view);
    if (set === 0) return true;
    const { octets, words } = image;
    const hasViews = ((words[set] >>> 16) & SetFlag.VIEWS) !== 0;
    const start = message.length;
    const pointers = message.pointers;
    const first = image.firstPlace(node, set);
    let rule = image.firstRule(node, set);
    let count = 0;
    for (let i = 0; i < words[set + 2]; i++) {
      if (!hasViews || image.isSeen(rule, this.view)) {
        if (written > 0 && written < POINTER_LIMIT && message.pointers < MAX_TARGETS) {
          message.pointerAt[message.pointers++] = message.length;
          message.putPointer(written);
        } else message.putName(image.texts, image.nameAt(node), true);
        if (!this.#putRecord(type, words[set + 1], first + i)) {
          message.cut(start);
          message.pointers = pointers;
          return false;
        }
        count++;
      }
      if (hasViews) rule += 1 + octets[rule];
    }
    message.additionals += count;
    return true;
  }

  #forgetSeen(): void {
    this.#mark = (this.#mark + 1) >>> 0;
  }

  /** Whether a node came before since `#forgetSeen`; a full table says yes, which only leaves optional data out. */
  #wasSeen(node: number): boolean {
    let slot = Math.imul(node, 0x9e3779b1) >>> 20;
    for (let tries = 0; tries < SEEN_SLOTS / 2; tries++) {
      if (this.#seenMark[slot] !== this.#mark) {
        this.#seenMark[slot] = this.#mark;
        this.#seen[slot] = node;
        return false;
      }
      if (this.#seen[slot] === node) return true;
      slot = (slot + 1) & (SEEN_SLOTS - 1);
    }
    return true;
  }
}
