// HOT PATH: no allocation, no await, no throw
// Turns a question into the body of its reply: looks up (RFC 1034 4.3.2), follows aliases, says what negative answers owe.
import { Ede, Rcode, Type } from '../wire/codes.ts';
import { MAX_NAME } from '../wire/name.ts';
import { NameView } from '../wire/name-view.ts';
import type { Query } from '../wire/query.ts';
import type { ImageReader } from '../zone/image-reader.ts';
import { ZoneField, ZoneFlag } from '../zone/layout.ts';
import { Lookup, Outcome } from '../zone/lookup.ts';
import type { Dependencies } from './dependencies.ts';
import type { MessageWriter } from './message.ts';
import { Sections } from './sections.ts';

/** Aliases followed in one answer; a longer chain is a mistake, and the client may ask on from where it ends. */
const MAX_CHAIN = 16;

/** Octets 4096 hold some 250 addresses: larger answers are composed anew each time. */
export const MAX_CACHED = 4_096;

const NO_POINTER = -1;

export class Composer {
  readonly sections: Sections;
  readonly message: MessageWriter;
  readonly dependencies: Dependencies;
  readonly #lookup: Lookup;
  readonly #image: ImageReader;
  /** Results, until the next composition; more of them in `sections`. */
  rcode: number = Rcode.NOERROR;
  /** Extended error (RFC 8914); -1: none. */
  ede = -1;
  isAuthoritative = false;
  /** Whether it may be given again: false for what says that there is nothing to say yet. */
  isCacheable = false;
  /** Hashes of the names that the chain has been at. */
  readonly #visited = new Int32Array(MAX_CHAIN + 2);
  readonly #alias = new NameView();
  readonly #next = new NameView();
  readonly #target = new NameView();
  readonly #renamed = new NameView();

  constructor(image: ImageReader) {
    this.#image = image;
    this.#lookup = new Lookup(image);
    this.sections = new Sections(image, this.#lookup);
    this.message = this.sections.message;
    this.dependencies = this.sections.dependencies;
  }

  /**
   * Composes header-less: question and sections stand in `message`, the rest in the fields.
   * @param limit octets that the message may have, OPT aside
   * @param isWhole ANY is answered with all that there is (TCP), else with one RRset (RFC 8482 4.1)
   * @param view the view that asks
   * @param start record of an RRset that comes first, counted round
   */
  compose(query: Query, limit: number, isWhole: boolean, view: number, start: number): void {
    query.name.hash();
    this.message.begin(query.name.octets, query.name.length, query.type, limit);
    this.rcode = Rcode.NOERROR;
    this.ede = -1;
    this.isAuthoritative = false;
    this.isCacheable = true;
    this.#image.hasSeenViews = false;
    const { sections } = this;
    sections.clear();
    sections.view = view;
    sections.isWhole = isWhole;
    sections.start = start;
    let name = query.name;
    let pointer = 12;
    for (let link = 0; link <= MAX_CHAIN; link++) {
      this.#visited[link] = name.hashes[0];
      pointer = this.#step(name, query.type, link, pointer);
      if (pointer === NO_POINTER || this.#wasVisited(link)) return;
      // The next name of the chain stands in #target; #next keeps it while #target is used again.
      this.#next.copy(this.#target);
      name = this.#next;
    }
  }

  /** Whether the chain's next name was in it before: a loop ends with each alias given once. */
  #wasVisited(link: number): boolean {
    const hash = this.#target.hashes[0];
    for (let i = 0; i <= link; i++) if (this.#visited[i] === hash) return true;
    return false;
  }

  /** Whether a client in another view might get another answer. */
  get usesViews(): boolean {
    return this.#image.hasSeenViews;
  }

  /** One name of the chain. @returns the message offset of the next name, which then stands in `#target`; NO_POINTER at the end */
  #step(asked: NameView, type: number, link: number, pointer: number): number {
    const image = this.#image;
    const { message, sections, dependencies } = this;
    const lookup = this.#lookup;
    message.clearRename();
    const apex = lookup.zoneLabel(asked, type);
    if (apex < 0) {
      if (link === 0) this.#refuse();
      return NO_POINTER;
    }
    let zone = image.findZone(asked, apex);
    let name = asked;
    const alias = zone;
    const flags = image.words[zone + ZoneField.FLAGS];
    if ((flags & ZoneFlag.NOT_READY) !== 0) {
      this.rcode = Rcode.SERVFAIL;
      this.ede = Ede.NOT_READY;
      this.isCacheable = false;
      return NO_POINTER;
    }
    if ((flags & ZoneFlag.IS_ALIAS) !== 0 && (apex !== 0 || (flags & ZoneFlag.OWN_APEX) === 0)) {
      zone = this.#enterAlias(asked, apex, zone);
      if (zone === 0) {
        this.rcode = Rcode.YXDOMAIN;
        return NO_POINTER;
      }
      name = this.#alias;
    }
    if (link === 0) this.isAuthoritative = true;
    const outcome = lookup.find(zone, apex, name, type, sections.view);
    const id = image.words[zone + ZoneField.ID];
    dependencies.addLookup(lookup, id);
    switch (outcome) {
      case Outcome.ANSWER:
        sections.putSet(lookup.node, lookup.set, pointer, true);
        if (!sections.isTruncated) sections.putAdditional(lookup.node, lookup.set);
        return NO_POINTER;
      case Outcome.ANY:
        sections.putAny(lookup.node, pointer);
        if (message.answers === 0) this.#putSoa(zone, alias, apex, asked, name);
        return NO_POINTER;
      case Outcome.CNAME: {
        const { node, set } = lookup;
        const targets = message.targets;
        sections.putSet(node, set, pointer, false);
        if (sections.isTruncated) return NO_POINTER;
        return this.#target.expand(message.octets, message.targetAt[targets]) ? message.targetAt[targets] : NO_POINTER;
      }
      case Outcome.DNAME:
        return this.#redirect(name, alias === zone, pointer);
      case Outcome.DELEGATION:
        if (link === 0) this.isAuthoritative = false;
        sections.putReferral(id, name, apex);
        return NO_POINTER;
      case Outcome.NXDOMAIN:
        this.rcode = Rcode.NXDOMAIN;
        this.#putSoa(zone, alias, apex, asked, name);
        return NO_POINTER;
      default:
        this.#putSoa(zone, alias, apex, asked, name);
        return NO_POINTER;
    }
  }

  #refuse(): void {
    this.rcode = Rcode.REFUSED;
    this.ede = Ede.NOT_AUTHORITATIVE;
    this.isCacheable = false;
  }

  /** Puts the name under the alias's target into `#alias`. @returns the target zone; 0 when the name gets too long */
  #enterAlias(asked: NameView, apex: number, zone: number): number {
    const image = this.#image;
    const at = zone * 4;
    const originLength = image.octets[at + ZoneField.LENGTHS];
    const targetLength = image.octets[at + ZoneField.LENGTHS + 1];
    const originAt = at + ZoneField.ORIGIN;
    const cut = asked.labelAt[apex];
    if (cut + targetLength > MAX_NAME) return 0;
    this.#alias.join(asked, apex, image.octets, originAt + originLength);
    const target = image.findZone(this.#alias, apex);
    if (target === 0) return 0;
    this.message.rename(image.octets, originAt + originLength, targetLength, originAt, originLength);
    if ((image.words[zone + ZoneField.FLAGS] & ZoneFlag.OVERRIDES) !== 0)
      this.message.override(image.words[zone + ZoneField.TTL] | 0, image.words[zone + ZoneField.SRV] | 0);
    return target;
  }

  /** RFC 6672 3: the DNAME, and a CNAME made from it. */
  #redirect(name: NameView, isOwnName: boolean, pointer: number): number {
    const image = this.#image;
    const { message, sections } = this;
    const lookup = this.#lookup;
    const { node, set, cutLabel } = lookup;
    const ttl = image.words[set + 1];
    const rdataAt = sections.firstRdata(node, set);
    const start = message.length;
    // The question's own suffix names the DNAME's owner, unless the name was followed here.
    if (pointer === 12 && isOwnName) message.putPointer(12 + name.labelAt[cutLabel]);
    else message.putName(image.texts, image.nameAt(node), true);
    const targets = message.targets;
    if (!this.#tryRecord(image.texts, Type.DNAME, ttl, rdataAt, start)) return NO_POINTER;
    const to = message.targetAt[targets];
    if (!this.#target.expand(message.octets, to)) return NO_POINTER;
    const prefix = name.labelAt[cutLabel];
    if (prefix + this.#target.length > MAX_NAME) {
      this.rcode = Rcode.YXDOMAIN;
      return NO_POINTER;
    }
    this.#renamed.join(name, cutLabel, this.#target.octets, 0);
    this.#target.copy(this.#renamed);
    const from = message.length;
    message.putPointer(pointer);
    message.clearRename();
    const at = message.targets;
    if (!this.#tryRecord(this.#target.octets, Type.CNAME, ttl, 0, from, this.#target.length)) return NO_POINTER;
    return message.targetAt[at];
  }

  /** Writes one record of the answer whose owner stands already. @returns false, and sets TC, when it does not fit */
  #tryRecord(source: Uint8Array, type: number, ttl: number, rdataAt: number, start: number, length = -1): boolean {
    const { message } = this;
    const octets = length >= 0 ? length : (source[rdataAt - 2] << 8) | source[rdataAt - 1];
    if (message.putRecord(source, type, ttl, rdataAt, octets)) {
      message.answers++;
      return true;
    }
    message.cut(start);
    this.sections.isTruncated = true;
    return false;
  }

  /** RFC 2308 3: the SOA, with a TTL of at most its MINIMUM. */
  #putSoa(zone: number, alias: number, apex: number, asked: NameView, name: NameView): void {
    const image = this.#image;
    const { message, sections, dependencies } = this;
    const isOwn = alias !== zone && (image.words[alias + ZoneField.FLAGS] & ZoneFlag.OWN_APEX) !== 0;
    if (isOwn) message.clearRename();
    const owner = isOwn ? alias : zone;
    const id = image.words[owner + ZoneField.ID];
    const node = image.findNode(id, isOwn ? asked : name, apex);
    const set = node === 0 ? 0 : image.findSet(node, Type.SOA, sections.view);
    if (set === 0) {
      dependencies.addZone(id);
      return;
    }
    dependencies.addSoa(image.slot, node);
    const rdataAt = sections.firstRdata(node, set);
    const length = image.textLength(rdataAt - 2);
    const minimum = readU32(image.texts, rdataAt + length - 4);
    const ttl = image.words[set + 1];
    if (alias !== zone && !isOwn) message.override(-1, -1);
    const start = message.length;
    message.putName(image.texts, image.nameAt(node), true);
    if (message.putRecord(image.texts, Type.SOA, ttl < minimum ? ttl : minimum, rdataAt, length)) message.authorities++;
    else {
      message.cut(start);
      sections.isTruncated = true;
      sections.isComplete = false;
    }
  }
}

function readU32(octets: Uint8Array, at: number): number {
  return ((octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3]) >>> 0;
}
