// A client of the Docker Engine API (and of Podman's compatible one). It asks eleven GET paths and nothing else, so a
// socket proxy that passes only these is enough:
//   /_ping  /version  /info  /events  /containers/json  /containers/{id}/json
//   /networks  /networks/{id}  /services  /tasks  /nodes
import type { Fields } from './fields.ts';
import { isObject, listOf, objectOf, textOf } from './fields.ts';
import { HttpClient, HttpError } from './http.ts';
import { LocalClient } from './http-local.ts';
import type { HttpSettings, TlsSettings } from './http-settings.ts';

/** The oldest API whose answers we read, and the newest that was looked at; an engine serves a range of its own. */
const OLDEST_API = [1, 24] as const;
const NEWEST_API = [1, 52] as const;

/** Where an engine listens, from the text that DOCKER_HOST has. */
export interface EngineHost {
  /** Origin of the URLs; of a socket any name, HTTP wants one. */
  readonly origin: string;
  readonly socketPath?: string | undefined;
  /** Host part of the address; undefined for a socket. */
  readonly hostname?: string | undefined;
}

/** Port of an engine that says none: with TLS and without (IANA: docker-s, docker). */
const TLS_PORT = 2376;
const PLAIN_PORT = 2375;

/**
 * Reads `unix:///var/run/docker.sock`, `tcp://192.0.2.1:2376`, `http://…`, `https://…`.
 * @param isTls whether `tcp` means TLS
 * @returns undefined when it is none of these
 */
export function parseEngineHost(text: string, isTls: boolean): EngineHost | undefined {
  if (text.startsWith('unix://')) {
    const socketPath = text.slice('unix://'.length);
    return socketPath.startsWith('/') ? { origin: 'http://localhost', socketPath } : undefined;
  }
  const [, scheme, rest] = /^(tcp|http|https):\/\/([^/]+)\/?$/.exec(text) ?? [];
  if (scheme === undefined) return undefined;
  const isSecure = scheme === 'https' || (scheme === 'tcp' && isTls);
  // Not the URL's own default ports: an engine has others.
  const port = /:\d+$/.test(rest!) ? '' : `:${isSecure ? TLS_PORT : PLAIN_PORT}`;
  const url = URL.parse(`${isSecure ? 'https' : 'http'}://${rest}${port}`);
  return url ? { origin: url.origin, hostname: url.hostname.replace(/^\[|\]$/g, '') } : undefined;
}

export interface EngineOptions {
  /** As DOCKER_HOST has it; checked. */
  readonly host: string;
  readonly tls?: TlsSettings | undefined;
  readonly http: Omit<HttpSettings, 'tls' | 'auth'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** An engine that did not give what it was asked for. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /** Status of its answer, if there was one. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** What `/events` is to tell of; as the API has it. */
export type EventFilters = Readonly<Record<string, readonly string[]>>;

export class DockerEngine {
  /** As the settings name it: `unix:///var/run/docker.sock`. */
  readonly place: string;
  readonly host: EngineHost;
  readonly #client: HttpClient;
  /** For short answers, where the engine listens at a socket. */
  readonly #local: LocalClient | undefined;
  #version = '';

  constructor({ host, tls, http, now }: EngineOptions) {
    this.place = host;
    this.host = parseEngineHost(host, tls !== undefined)!;
    this.#client = new HttpClient({
      settings: { ...http, tls },
      secret: () => '',
      isKnown: () => true,
      now,
      socketPath: this.host.socketPath,
    });
    const { socketPath } = this.host;
    if (socketPath !== undefined)
      this.#local = new LocalClient({
        socketPath,
        connectTimeoutMs: http.connectTimeout,
        timeoutMs: http.timeout,
        maxBody: http.maxBody,
      });
  }

  /** Settles on the highest API version that both know; to be called before anything else, and after a restart. */
  async negotiate(signal: AbortSignal): Promise<void> {
    this.#version = '';
    let newest = await this.#pingedVersion(signal);
    let oldest: Version | undefined;
    if (newest === undefined || compareVersions(newest, NEWEST_API) > 0) {
      const version = objectOf(await this.#json('/version', signal));
      newest ??= parseVersion(version.ApiVersion);
      oldest = parseVersion(version.MinAPIVersion);
    }
    if (newest === undefined) throw this.#failure('/version', 'it names no API version; is this a Docker Engine?');
    const version = compareVersions(newest, NEWEST_API) > 0 ? NEWEST_API : newest;
    if (compareVersions(version, OLDEST_API) < 0)
      throw this.#failure('/_ping', `its API ${newest.join('.')} is older than ${OLDEST_API.join('.')}; update it`);
    if (oldest && compareVersions(version, oldest) < 0)
      throw this.#failure('/version', `its API begins at ${oldest.join('.')}, ours ends at ${NEWEST_API.join('.')}`);
    this.#version = `/v${version.join('.')}`;
  }

  /** What a ping tells; nothing when a proxy does not let it pass, or the engine is too old to say. */
  async #pingedVersion(signal: AbortSignal): Promise<Version | undefined> {
    try {
      return parseVersion((await this.#read('/_ping', signal)).headers['api-version']);
    } catch (error) {
      if (error instanceof EngineError && error.status !== undefined) return undefined;
      throw error;
    }
  }

  async info(signal: AbortSignal): Promise<Fields> {
    return objectOf(await this.#json('/info', signal));
  }

  /** The running containers, short. */
  async containers(signal: AbortSignal): Promise<readonly Fields[]> {
    return this.#list('/containers/json', signal);
  }

  /** All of one container; undefined when there is none of the id. */
  async container(id: string, signal: AbortSignal): Promise<Fields | undefined> {
    // Not by way of the functions below: it is asked for each container, and each promise on the way is made as often.
    const path = `/containers/${encodeURIComponent(id)}/json`;
    let text: string;
    try {
      const short = await this.#local?.get(this.#version + path, signal);
      if (short?.status === 404) return undefined;
      text =
        short?.status === 200
          ? short.text
          : (await this.#client.read(`${this.host.origin}${this.#version}${path}`, { signal })).body.toString('utf8');
    } catch (error) {
      if (error instanceof HttpError && error.status === 404) return undefined;
      throw this.#explain(path, error);
    }
    return objectOf(this.#parse(path, text));
  }

  async networks(signal: AbortSignal): Promise<readonly Fields[]> {
    return this.#list('/networks', signal);
  }

  /** @param isVerbose with the services and tasks in it, of all nodes; a worker knows those, too */
  async network(id: string, isVerbose: boolean, signal: AbortSignal): Promise<Fields> {
    return objectOf(await this.#json(`/networks/${encodeURIComponent(id)}${isVerbose ? '?verbose=true' : ''}`, signal));
  }

  /** Managers only, as the next two. */
  async services(signal: AbortSignal): Promise<readonly Fields[]> {
    return this.#list('/services', signal);
  }

  /** Those that are meant to run. */
  async tasks(signal: AbortSignal): Promise<readonly Fields[]> {
    return this.#list(`/tasks?filters=${encodeURIComponent('{"desired-state":["running"]}')}`, signal);
  }

  async nodes(signal: AbortSignal): Promise<readonly Fields[]> {
    return this.#list('/nodes', signal);
  }

  /** Opens the stream of events. @returns their octets, in chunks of any cut */
  async events(filters: EventFilters, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const path = '/events';
    const url = `${this.host.origin}${this.#version}${path}?filters=${encodeURIComponent(JSON.stringify(filters))}`;
    try {
      return (await this.#client.stream(url, { signal })).body;
    } catch (error) {
      throw this.#explain(path, error);
    }
  }

  async close(): Promise<void> {
    this.#local?.close();
    await this.#client.close();
  }

  async #list(path: string, signal: AbortSignal): Promise<readonly Fields[]> {
    return listOf(await this.#json(path, signal)).filter(isObject);
  }

  async #json(path: string, signal: AbortSignal): Promise<unknown> {
    const { body } = await this.#read(path, signal);
    return this.#parse(path, body.toString('utf8'));
  }

  #parse(path: string, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#failure(path, 'the answer is no JSON');
    }
  }

  async #read(path: string, signal: AbortSignal): ReturnType<HttpClient['read']> {
    try {
      return await this.#client.read(`${this.host.origin}${this.#version}${path}`, { signal });
    } catch (error) {
      throw this.#explain(path, error);
    }
  }

  #explain(path: string, error: unknown): unknown {
    if (!(error instanceof HttpError)) return error;
    const why = error.message.replace(/^Cannot GET \S+: /, '');
    const failure = this.#failure(path, why + (cureOf(path, error) ?? ''), error.status);
    failure.cause = error;
    return failure;
  }

  #failure(path: string, why: string, status?: number): EngineError {
    return new EngineError(`Cannot read ${path.replace(/\?.*/, '')} of the engine at ${this.place}: ${why}`, status);
  }
}

function cureOf(path: string, { status, cause }: HttpError): string | undefined {
  if (status === 403) return `; let the socket proxy pass GET ${path.replace(/\?.*/, '')}`;
  if (status === 503) return ' (its node is no manager of a swarm, or the swarm has no leader)';
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'EACCES') return '; run with the group that owns the socket, or point host to a socket proxy';
  return undefined;
}

type Version = readonly [major: number, minor: number];

function parseVersion(value: unknown): Version | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(textOf(value) ?? '') ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1];
}
