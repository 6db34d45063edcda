// The event stream of an engine: a sequence of JSON objects, mostly a line each, in chunks cut anywhere.
import type { Fields } from './fields.ts';
import { objectOf, textOf } from './fields.ts';

/** Something that happened, as far as sources want to know. */
export interface EngineEvent {
  /** `container`, `network`, `service`, `node`. */
  readonly type: string;
  /** `start`, `die`, `health_status`, ...; without what follows a colon (`health_status: healthy`). */
  readonly action: string;
  /** Id of the thing. */
  readonly id: string;
  readonly attributes: Fields;
}

/** Octets of one event; an event is a small object of names and labels. */
const MAX_EVENT = 1024 * 1024;

/**
 * The events of a stream. A last one that is cut off is dropped: the stream has ended, everything is listed anew.
 * @throws SyntaxError when the stream holds anything but JSON objects
 */
export async function* readEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<EngineEvent, void, undefined> {
  const splitter = new ObjectSplitter();
  for await (const chunk of chunks)
    for (const text of splitter.push(chunk)) {
      const event = objectOf(JSON.parse(text));
      const actor = objectOf(event.Actor);
      const [action = ''] = (textOf(event.Action) ?? textOf(event.status) ?? '').split(':');
      const id = textOf(actor.ID) ?? textOf(event.id);
      if (id === undefined || action === '') continue;
      yield { type: textOf(event.Type) ?? 'container', action, id, attributes: objectOf(actor.Attributes) };
    }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Cuts a stream of octets where its objects end, whatever stands between them. */
class ObjectSplitter {
  #rest: Buffer = Buffer.alloc(0);
  /** Octets of `#rest` that were looked at. */
  #seen = 0;
  #depth = 0;
  #isInText = false;
  #isEscaped = false;

  *push(chunk: Buffer): Generator<string, void, undefined> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let at = this.#seen; at < this.#rest.length; at++) {
      if (!this.#endsObject(this.#rest[at]!)) continue;
      yield this.#rest.toString('utf8', start, at + 1);
      start = at + 1;
    }
    this.#rest = this.#rest.subarray(start);
    this.#seen = this.#rest.length;
    if (this.#rest.length > MAX_EVENT) throw new SyntaxError(`an event has more than ${MAX_EVENT} octets`);
  }

  #endsObject(octet: number): boolean {
    if (this.#isInText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (octet === BACKSLASH) this.#isEscaped = true;
      else if (octet === QUOTE) this.#isInText = false;
      return false;
    }
    if (octet === QUOTE) this.#isInText = true;
    else if (octet === OPEN) this.#depth++;
    else if (octet === CLOSE) return --this.#depth === 0;
    return false;
  }
}
