// The HTTP client of the sources (Mesos, Marathon): undici, one pool of connections a source, with what a source must not
// forget: deadlines, a limit on what is read, verified TLS, credentials that go to known hosts alone, and messages
// that say what happened and the cure but never a secret.
import { readFile, stat } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import type { Agent, Dispatcher } from 'undici';
import type { Authorizer } from './http-auth.ts';
import { createAuthorizer } from './http-auth.ts';
import { explainFailure } from './http-failure.ts';
import { place, redirectTarget } from './http-redirect.ts';
import type { HttpSettings } from './http-settings.ts';
import { requestWhole, TooLongError } from './http-whole.ts';

export interface HttpClientOptions {
  readonly settings: HttpSettings;
  /** Value of an environment variable that the settings name. */
  readonly secret: (variable: string) => string;
  /** Whether credentials may go to this origin (`http://192.0.2.1:5050`). */
  readonly isKnown: (origin: string) => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** All connections go to this Unix socket instead of the URL's host. */
  readonly socketPath?: string | undefined;
}

export interface HttpRequest {
  /** `GET` when absent. A POST is sent again, body and all, where a 307 or 308 points; no other redirect is followed. */
  readonly method?: 'GET' | 'POST' | undefined;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Milliseconds, instead of the `timeout` of the settings. */
  readonly timeoutMs?: number | undefined;
  /** Ends the request, and the reading of its answer. */
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  /** 200 to 299. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Where the answer came from, redirects followed. */
  readonly url: URL;
  readonly body: Buffer;
}

export interface HttpStream extends Omit<HttpAnswer, 'body'> {
  /** As the octets come; watching that they do is the reader's task. Throws `HttpError` when the connection breaks. */
  readonly body: AsyncIterable<Buffer>;
}

/** A request that did not give an answer of status 200 to 299: `Cannot GET http://192.0.2.1:5050/state: ...`. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  /** Status of the answer, if there was one. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Hops from one master to the next; Mesos and Marathon need one. */
const MAX_REDIRECTS = 5;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Redirects under which method and body stay what they are (RFC 9110 15.4.8, 15.4.9). */
const SAME_METHOD = new Set([307, 308]);

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #authorizer: Authorizer | undefined;
  /** Whether there are certificate files, which may be replaced. */
  readonly #hasFiles: boolean;
  #agent: Agent | undefined;
  /** The look at the certificate files that is under way. */
  #looking: Promise<Agent> | undefined;
  /** Which state of the certificate files the agent was made of. */
  #agentOf = '';
  #isClosed = false;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    const { settings, secret, now } = options;
    const { caFile, certFile, keyFile } = settings.tls ?? {};
    this.#hasFiles = [caFile, certFile, keyFile].some((path) => path !== undefined);
    if (settings.auth)
      this.#authorizer = createAuthorizer({ settings: settings.auth, secret, now, post: this.#postJson });
  }

  /**
   * Gets a whole answer.
   * @throws HttpError for anything but an answer of status 200 to 299 that is complete within `timeout`
   */
  async read(url: string, request: HttpRequest = {}): Promise<HttpAnswer> {
    return this.#within(url, request, (signal) => this.#ask(url, request, signal, true, this.#whole));
  }

  /**
   * Gets an answer that comes bit by bit and has no end.
   * @throws HttpError for anything but an answer of status 200 to 299 that begins within `timeout`
   */
  async stream(url: string, request: HttpRequest = {}): Promise<HttpStream> {
    const answer = await this.#within(url, request, (signal) => this.#ask(url, request, signal, true, open), true);
    return { ...answer, body: explained(answer.body, request.method, answer.url) };
  }

  /** Ends all requests and connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#agent?.destroy();
  }

  /**
   * Runs with a signal that fires at the deadline, and when the caller's does.
   * @param isStream the caller's signal stays connected when this has ended
   */
  async #within<T>(
    url: string,
    { method = 'GET', signal, timeoutMs = this.#options.settings.timeout }: HttpRequest,
    run: (signal: AbortSignal) => Promise<T>,
    isStream = false,
  ): Promise<T> {
    signal?.throwIfAborted();
    const controller = new AbortController();
    const onAbort = () => controller.abort(signal!.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const late = () =>
      controller.abort(new Error(`no ${isStream ? '' : 'complete '}answer within ${timeoutMs / 1000} s`));
    const timer = setTimeout(late, timeoutMs);
    let keepsSignal = false;
    try {
      const result = await run(controller.signal);
      keepsSignal = isStream;
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof HttpError ? error : failure(error, method, new URL(url));
    } finally {
      clearTimeout(timer);
      if (!keepsSignal) signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Sends the request, along redirects, until an answer is of status 200 to 299. */
  async #ask<Body>(
    url: string,
    request: HttpRequest,
    signal: AbortSignal,
    isAuthorized: boolean,
    exchange: Exchange<Body>,
  ): Promise<Answer<Body>> {
    const { method = 'GET', json } = request;
    const body = json === undefined ? null : JSON.stringify(json);
    let at = new URL(url);
    let hops = 0;
    let hasRenewed = false;
    for (;;) {
      const refuse = (why: string, status?: number) => new HttpError(`Cannot ${method} ${place(at)}: ${why}`, status);
      const headers: Record<string, string> = { accept: 'application/json', ...request.headers };
      if (body !== null) headers['content-type'] = 'application/json';
      const authorizer = isAuthorized ? this.#authorizer : undefined;
      if (authorizer) {
        if (!this.#options.isKnown(at.origin))
          throw refuse(`the credentials are for known hosts only; add ${at.host} to those in the settings`);
        headers.authorization = await authorizer.header(signal);
      }
      const { status, headers: got, body: octets } = await this.#dispatch(at, method, headers, body, signal, exchange);
      if (status >= 200 && status < 300) return { status, headers: got, url: at, body: octets };
      if (status === 401 && authorizer && !hasRenewed && authorizer.refused(headers.authorization!)) {
        hasRenewed = true;
        continue;
      }
      if (!REDIRECTS.has(status)) throw refuse(explainStatus(status, authorizer !== undefined), status);
      const next = redirectTarget(got.location, at);
      if (typeof next === 'string') throw refuse(next, status);
      if (method === 'POST' && !SAME_METHOD.has(status))
        throw refuse(`status ${status} points to ${place(next)}, where a POST may not follow`, status);
      if (next.href === at.href) throw refuse(`status ${status} points back to it; no leader is elected`, status);
      if (++hops > MAX_REDIRECTS) throw refuse(`more than ${MAX_REDIRECTS} redirects`, status);
      at = next;
    }
  }

  async #dispatch<Body>(
    at: URL,
    method: 'GET' | 'POST',
    headers: Record<string, string>,
    body: string | null,
    signal: AbortSignal,
    exchange: Exchange<Body>,
  ): Promise<Omit<Answer<Body>, 'url'>> {
    const agent = await this.#agentNow();
    try {
      // Undici's own deadlines are coarse; `signal` has ours.
      const options = { method, headers, body, headersTimeout: 0, bodyTimeout: 0 };
      return await exchange(agent, { ...options, origin: at.origin, path: at.pathname + at.search }, signal);
    } catch (error) {
      const isTooLong = error instanceof TooLongError;
      if (isTooLong) throw new HttpError(`Cannot ${method} ${place(at)}: ${error.message}; raise maxBody if it may`);
      throw failure(signal.aborted ? signal.reason : error, method, at);
    }
  }

  readonly #whole: Exchange<Buffer> = (agent, options, signal) =>
    requestWhole(agent, options, this.#options.settings.maxBody, signal);

  readonly #postJson = async (url: string, json: unknown, signal: AbortSignal): Promise<unknown> => {
    const { body } = await this.#ask(url, { method: 'POST', json }, signal, false, this.#whole);
    try {
      return JSON.parse(body.toString('utf8'));
    } catch {
      throw new HttpError(`Cannot POST ${place(new URL(url))}: the answer is no JSON`);
    }
  };

  /** The pool of connections. Requests made together share a look: two would each make a pool and close the other's. */
  #agentNow(): Agent | Promise<Agent> {
    if (this.#agent && !this.#hasFiles && !this.#isClosed) return this.#agent;
    this.#looking ??= this.#lookForAgent().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** The pool as the certificates are now; a new one when one was replaced. */
  async #lookForAgent(): Promise<Agent> {
    // Not at the start: who reads files alone has no use for it, and it takes 13 MiB and a tenth of a second.
    const undici = await import('undici');
    const { settings, socketPath } = this.#options;
    const { caFile, certFile, keyFile, verify = true } = settings.tls ?? {};
    const paths = [caFile, certFile, keyFile];
    const state = (await Promise.all(paths.map(stateOf))).join(' ');
    if (this.#isClosed) throw new Error('the source was stopped');
    if (this.#agent && state === this.#agentOf) return this.#agent;
    const [ca, cert, key] = await Promise.all(paths.map((path) => (path === undefined ? undefined : readFile(path))));
    const old = this.#agent;
    this.#agentOf = state;
    this.#agent = new undici.Agent({
      connect: {
        timeout: settings.connectTimeout,
        rejectUnauthorized: verify,
        allowH2: false,
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
        ...(socketPath !== undefined && { socketPath }),
      },
      allowH2: false,
    });
    // What is under way on old connections may end.
    void old?.close();
    return this.#agent;
  }
}

interface Answer<Body> extends Omit<HttpAnswer, 'body'> {
  readonly body: Body;
}

/** One request and its answer. The body of an answer that is not of status 200 to 299 is given up unread. */
type Exchange<Body> = (
  agent: Agent,
  options: Dispatcher.RequestOptions & { readonly origin: string },
  signal: AbortSignal,
) => Promise<Omit<Answer<Body>, 'url'>>;

/** An exchange whose answer goes on and on. */
const open: Exchange<Dispatcher.ResponseData['body']> = async (agent, options, signal) => {
  const { statusCode: status, headers, body } = await agent.request({ ...options, signal });
  if (status < 200 || status >= 300) {
    body.on('error', () => {});
    body.destroy();
  }
  return { status, headers, body };
};

async function* explained(
  body: AsyncIterable<Buffer>,
  method: string | undefined,
  url: URL,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw failure(error, method ?? 'GET', url);
  }
}

function failure(error: unknown, method: string, url: URL): HttpError {
  return error instanceof HttpError
    ? error
    : new HttpError(`Cannot ${method} ${place(url)}: ${explainFailure(error)}`, undefined, { cause: error });
}

function explainStatus(status: number, hasCredentials: boolean): string {
  if (status === 401)
    return hasCredentials
      ? 'status 401, the credentials are refused'
      : 'status 401, it wants credentials; give them in auth';
  if (status === 403) return 'status 403, the user may not read this';
  return `status ${status}`;
}

/** Differs when the file was replaced. */
async function stateOf(path: string | undefined): Promise<string> {
  if (path === undefined) return '';
  const { ino, size, mtimeMs } = await stat(path);
  return `${ino}:${size}:${mtimeMs}`;
}
