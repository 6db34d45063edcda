// Whole answers, gathered as undici receives them. Its streams cost more than all else of a short request, and an engine
// with many containers is asked for each of them.
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** A whole answer. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty unless the status is 200 to 299: nobody reads another one, and waiting for a stalled one would delay us. */
  readonly body: Buffer;
}

/** The body of an answer has more octets than it may. */
export class TooLongError extends Error {
  override readonly name = 'TooLongError';
}

/**
 * Sends a request and gathers its answer.
 * @param maxBody octets
 * @param signal ends it; the promise is rejected with its reason
 * @throws TooLongError, and what undici says of the connection
 */
export function requestWhole(
  agent: Dispatcher,
  options: Dispatcher.DispatchOptions,
  maxBody: number,
  signal: AbortSignal,
): Promise<WholeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<WholeAnswer>();
  let controller: Dispatcher.DispatchController | undefined;
  let status = 0;
  let headers: IncomingHttpHeaders = {};
  let length = 0;
  const chunks: Buffer[] = [];
  const settle = (end: () => void): void => {
    signal.removeEventListener('abort', abort);
    end();
  };
  const fail = (error: Error): void => {
    settle(() => reject(error));
    controller?.abort(error);
  };
  // A request that still waits for its connection has no controller; it is ended when it gets one.
  const abort = (): void => fail(signal.reason);
  const isGood = (): boolean => status >= 200 && status < 300;
  signal.addEventListener('abort', abort, { once: true });
  agent.dispatch(options, {
    onRequestStart(started) {
      controller = started;
      if (signal.aborted) started.abort(signal.reason);
    },
    onResponseStart(_, statusCode, got) {
      // What comes before the answer (103 Early Hints) is none.
      if (statusCode < 200) return;
      status = statusCode;
      headers = got;
      if (isGood()) return;
      settle(() => resolve({ status, headers, body: Buffer.alloc(0) }));
      controller!.abort(new Error('the body is not read'));
    },
    onResponseData(_, chunk) {
      length += chunk.length;
      if (length > maxBody) fail(new TooLongError(`the answer has more than ${maxBody} octets`));
      else chunks.push(chunk);
    },
    onResponseEnd() {
      settle(() =>
        resolve({ status, headers, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length) }),
      );
    },
    onResponseError(_, error) {
      settle(() => reject(error));
    },
  });
  return promise;
}
