// Whole answers, gathered as undici receives them. Its streams cost more than all else of a short request, and an engine
// with many containers is asked for each of them.
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Ending } from './http-ending.ts';

/** A whole answer. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty unless the status is 200 to 299: nobody reads another one, and waiting for a stalled one would delay us. */
  readonly body: Buffer;
}

/**
 * Sends a request and gathers its answer.
 * @param maxBody octets
 * @param ending ends it; the promise is rejected with its reason
 * @throws Error when the body has more, and what undici says of the connection
 */
export function requestWhole(
  agent: Dispatcher,
  options: Dispatcher.DispatchOptions,
  maxBody: number,
  ending: Ending,
): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    const gathering = new Gathering(maxBody, ending, resolve, reject);
    ending.onEnd = (reason) => gathering.fail(reason as Error);
    agent.dispatch(options, gathering);
  });
}

const NOTHING = Buffer.alloc(0);

class Gathering implements Dispatcher.DispatchHandler {
  readonly #maxBody: number;
  readonly #ending: Ending;
  readonly #resolve: (answer: WholeAnswer) => void;
  readonly #reject: (error: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders | undefined;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(maxBody: number, ending: Ending, resolve: (answer: WholeAnswer) => void, reject: (error: Error) => void) {
    this.#maxBody = maxBody;
    this.#ending = ending;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  // A request that still waits for its connection has no controller; it is ended when it gets one.
  fail(error: Error): void {
    this.#reject(error);
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ending.isOver) controller.abort(this.#ending.reason as Error);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // What comes before the answer (103 Early Hints) is none.
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (status < 300) return;
    this.#resolve({ status, headers, body: NOTHING });
    controller.abort(new Error('the body is not read'));
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length <= this.#maxBody) this.#chunks.push(chunk);
    else this.fail(new Error(`the answer has more than ${this.#maxBody} octets; raise maxBody if it may`));
  }

  onResponseEnd(): void {
    const chunks = this.#chunks;
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, this.#length);
    this.#resolve({ status: this.#status, headers: this.#headers!, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }
}
