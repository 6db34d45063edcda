// The HTTP client of the sources (Mesos, Marathon): undici, one pool of connections a source, with what a source must not
// forget: deadlines, a limit on what is read, verified TLS, credentials that go to known hosts alone, and messages
// that say what happened and the cure but never a secret.
import { readFile, stat } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import type { Agent, Dispatcher } from 'undici';
import type { Authorizer } from './http-auth.ts';
import { createAuthorizer } from './http-auth.ts';
import { Ending, Followers } from './http-ending.ts';
import { explainFailure } from './http-failure.ts';
import { place, redirectTarget } from './http-redirect.ts';
import type { HttpSettings } from './http-settings.ts';
import { requestWhole } from './http-whole.ts';

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
  readonly #followers = new Followers();
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
  read(url: string, request: HttpRequest = {}): Promise<HttpAnswer> {
    return this.#ask(url, request, this.#whole);
  }

  /**
   * Gets an answer that comes bit by bit and has no end.
   * @throws HttpError for anything but an answer of status 200 to 299 that begins within `timeout`
   */
  async stream(url: string, request: HttpRequest = {}): Promise<HttpStream> {
    const answer = await this.#ask(url, request, open, true);
    return { ...answer, body: explained(answer.body, request.method, answer.url) };
  }

  /** Ends all requests and connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#agent?.destroy();
  }

  /**
   * Sends a request, along redirects, until an answer is of status 200 to 299. All in one function, as an engine with many
   * containers is asked for each of them, and each promise between its reader and undici is made as often.
   * @param isStream the caller's signal stays connected when the answer has begun
   * @param outer of the request that this one logs in for, whose end it shares; it has no credentials itself
   */
  async #ask<Body>(
    url: string,
    request: HttpRequest,
    exchange: Exchange<Body>,
    isStream = false,
    outer?: Ending,
  ): Promise<Answer<Body>> {
    const { method = 'GET', json, signal } = request;
    signal?.throwIfAborted();
    let at = new URL(url);
    const body = json === undefined ? null : JSON.stringify(json);
    const authorizer = outer ? undefined : this.#authorizer;
    const ending = outer ?? new Ending();
    const timer = outer ? undefined : this.#limit(ending, request, isStream);
    let hops = 0;
    let hasRenewed = false;
    let isOpen = false;
    try {
      for (;;) {
        const headers: Record<string, string> = { accept: 'application/json', ...request.headers };
        if (body !== null) headers['content-type'] = 'application/json';
        if (authorizer) {
          if (!this.#options.isKnown(at.origin)) throw refusal(method, at, onlyKnown(at));
          headers.authorization = await authorizer.header(ending);
        }
        const agent = this.#agentNow() ?? (await this.#agentSoon());
        if (ending.isOver) throw ending.reason;
        const { origin, pathname, search } = at;
        // Undici's own deadlines are coarse; `ending` has ours.
        const options = { origin, path: pathname + search, method, headers, body, headersTimeout: 0, bodyTimeout: 0 };
        const { status, headers: got, body: octets } = await exchange(agent, options, ending);
        if (status >= 200 && status < 300) {
          isOpen = isStream;
          return { status, headers: got, url: at, body: octets };
        }
        if (status === 401 && authorizer && !hasRenewed && authorizer.refused(headers.authorization!)) {
          hasRenewed = true;
          continue;
        }
        const next = nextOf(status, got.location, method, at, authorizer !== undefined);
        if (++hops > MAX_REDIRECTS) throw refusal(method, at, `more than ${MAX_REDIRECTS} redirects`, status);
        at = next;
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw failure(ending.isOver && !(error instanceof HttpError) ? ending.reason : error, method, at);
    } finally {
      clearTimeout(timer);
      if (signal && !isOpen) this.#followers.delete(ending, signal);
    }
  }

  /** Has a request end with its caller's signal, and at its deadline. */
  #limit(ending: Ending, { signal, timeoutMs }: HttpRequest, isStream: boolean): NodeJS.Timeout {
    if (signal) this.#followers.add(ending, signal);
    const ms = timeoutMs ?? this.#options.settings.timeout;
    const late = () => ending.end(new Error(`no ${isStream ? '' : 'complete '}answer within ${ms / 1000} s`));
    return setTimeout(late, ms);
  }

  readonly #whole: Exchange<Buffer> = (agent, options, ending) =>
    requestWhole(agent, options, this.#options.settings.maxBody, ending);

  readonly #postJson = async (url: string, json: unknown, outer: Ending): Promise<unknown> => {
    const { body } = await this.#ask(url, { method: 'POST', json }, this.#whole, false, outer);
    try {
      return JSON.parse(body.toString('utf8'));
    } catch {
      throw new HttpError(`Cannot POST ${place(new URL(url))}: the answer is no JSON`);
    }
  };

  /** The pool of connections, when there is no need to look for it. */
  #agentNow(): Agent | undefined {
    return this.#hasFiles || this.#isClosed ? undefined : this.#agent;
  }

  /** The same after a look. Requests made together share one: two would each make a pool and close the other's. */
  #agentSoon(): Promise<Agent> {
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
  ending: Ending,
) => Promise<Omit<Answer<Body>, 'url'>>;

/** An exchange whose answer goes on and on. */
const open: Exchange<Dispatcher.ResponseData['body']> = async (agent, options, ending) => {
  const controller = new AbortController();
  ending.onEnd = (reason) => controller.abort(reason);
  const { statusCode: status, headers, body } = await agent.request({ ...options, signal: controller.signal });
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
  return error instanceof HttpError ? error : refusal(method, url, explainFailure(error), undefined, error);
}

function refusal(method: string, at: URL, why: string, status?: number, cause?: unknown): HttpError {
  return new HttpError(`Cannot ${method} ${place(at)}: ${why}`, status, cause === undefined ? undefined : { cause });
}

function onlyKnown({ host }: URL): string {
  return `the credentials are for known hosts only; add ${host} to those in the settings`;
}

/**
 * Where an answer of another status than 200 to 299 leads.
 * @throws HttpError when that is nowhere
 */
function nextOf(
  status: number,
  location: string | string[] | undefined,
  method: string,
  at: URL,
  hasCredentials: boolean,
): URL {
  if (!REDIRECTS.has(status)) throw refusal(method, at, explainStatus(status, hasCredentials), status);
  const next = redirectTarget(location, at);
  if (typeof next === 'string') throw refusal(method, at, next, status);
  if (method === 'POST' && !SAME_METHOD.has(status))
    throw refusal(method, at, `status ${status} points to ${place(next)}, where a POST may not follow`, status);
  if (next.href === at.href)
    throw refusal(method, at, `status ${status} points back to it; no leader is elected`, status);
  return next;
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
