// HOT PATH: no allocation, no await, no throw
// RFC 1034 4.3.2 over the image: which zone, which node, and what that means (RFC 4592 wildcards, RFC 2308 negative
// answers, RFC 6672 DNAME, RFC 8020 empty non-terminals).
import { Type } from '../wire/codes.ts';
import { hashWildcard } from '../wire/name-hash.ts';
import type { NameView } from '../wire/name-view.ts';
import type { ImageReader } from './image-reader.ts';
import { ZoneField, ZoneFlag } from './layout.ts';

/** What a lookup came to. */
export const Outcome = {
  /** `node` and `set` are the answer. */
  ANSWER: 0,
  /** The name exists, the type does not. */
  NODATA: 1,
  NXDOMAIN: 2,
  /** `node` and `set` are the NS records of a cut. */
  DELEGATION: 3,
  /** `node` and `set` are an alias. */
  CNAME: 4,
  /** `node` and `set` redirect everything below the label `cutLabel`. */
  DNAME: 5,
  /** ANY: `node` holds what there is. */
  ANY: 6,
} as const;

/** Slots that one lookup looks at: one for each label of the longest name, and that of a wildcard. */
const MAX_TRACE = 130;

/** One lookup; its results stand in its fields until the next. */
export class Lookup {
  readonly #image: ImageReader;
  /** Node that the outcome speaks of; a word in the arena. */
  node = 0;
  /** RRset entry of that node. */
  set = 0;
  /** Label of the name at which the delegation or the DNAME stands. */
  cutLabel = 0;
  /** Slots that were looked at, each with the node that was in it or 0: pairs. */
  readonly trace = new Uint32Array(MAX_TRACE * 2);
  traceLength = 0;
  /** Whether the outcome stays true while those slots hold what they held: no cut could come or go above the name. */
  isTraced = false;

  constructor(image: ImageReader) {
    this.#image = image;
  }

  /**
   * The closest enclosing zone (RFC 1034 4.3.2 step 2). DS belongs to the parent's side of a cut (RFC 4035 3.1.4.1), so
   * for it a zone's apex leads to the zone above, if we have that.
   * @returns the label at which its origin starts; -1 when no zone of ours encloses the name
   */
  zoneLabel(name: NameView, type: number): number {
    let found = -1;
    for (let label = 0; label <= name.labels; label++) {
      if (this.#image.findZone(name, label) === 0) continue;
      if (type !== Type.DS || label !== 0) return label;
      found = label;
    }
    return found;
  }

  /**
   * Looks a name up in one zone.
   * @param zone word of the zone's record, not of an alias
   * @param apex label of `name` at which the zone's origin starts
   * @param view number of the view that asks, 0 to 31
   */
  find(zone: number, apex: number, name: NameView, type: number, view: number): number {
    const image = this.#image;
    const flags = image.words[zone + ZoneField.FLAGS];
    const id = image.words[zone + ZoneField.ID];
    const isSplit = (flags & (ZoneFlag.HAS_CUTS | ZoneFlag.HAS_DNAMES)) !== 0;
    this.traceLength = 0;
    this.isTraced = !isSplit;
    image.hasPassedHidden = false;
    if (isSplit) {
      const outcome = this.#findCut(id, apex, name, type, view);
      if (outcome >= 0) return outcome;
    }
    let node = this.#seen(image.findNode(id, name, 0));
    if (node === 0) {
      let encloser = 1;
      while (encloser < apex && this.#seen(image.findNode(id, name, encloser)) === 0) encloser++;
      if (apex > 0) node = this.#seen(image.findWildcard(id, hashWildcard(name.hashes[encloser]), name, encloser));
      // What is being prepared stands in its slot already: it comes without any slot changing.
      if (image.hasPassedHidden) this.isTraced = false;
      if (node === 0) return Outcome.NXDOMAIN;
      this.cutLabel = encloser;
    }
    this.node = node;
    this.set = image.findSet(node, type, view);
    if (this.set !== 0) return Outcome.ANSWER;
    if (type === Type.ANY) return image.setCount(node) > 0 ? Outcome.ANY : Outcome.NODATA;
    this.set = image.findSet(node, Type.CNAME, view);
    return this.set !== 0 ? Outcome.CNAME : Outcome.NODATA;
  }

  /** Writes down what was found just now. */
  #seen(node: number): number {
    this.trace[this.traceLength++] = this.#image.slot;
    this.trace[this.traceLength++] = node;
    return node;
  }

  /** The topmost cut or DNAME between the apex and the name. @returns an outcome; -1 when there is none */
  #findCut(id: number, apex: number, name: NameView, type: number, view: number): number {
    const image = this.#image;
    for (let label = apex; label >= 0; label--) {
      const node = image.findNode(id, name, label);
      if (node === 0) return -1;
      this.node = node;
      this.cutLabel = label;
      if (label !== apex && !(label === 0 && type === Type.DS)) {
        this.set = image.findSet(node, Type.NS, view);
        if (this.set !== 0) return Outcome.DELEGATION;
      }
      if (label !== 0) {
        this.set = image.findSet(node, Type.DNAME, view);
        if (this.set !== 0) return Outcome.DNAME;
      }
    }
    return -1;
  }
}
