// A Docker Engine for tests: answers the GET paths of the API as engines 20.10 to 29 do, over a Unix socket, TCP or TLS,
// from state in the shape of recorded answers, and fails on demand in the ways that one does. What happens to its
// containers is in `docker-scenario.ts`.
import { rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** JSON of an answer. */
export type Json = { [key: string]: unknown };

export interface StandInEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local' | 'swarm';
  /** Seconds since 1970. */
  readonly time: number;
}

/** What goes wrong with a path: an answer of this status, or one that never comes. */
export type Fault = number | 'stall';

/** How events are written. `cut`: in pieces of three octets; `joined`: all of a turn in one piece, without line ends. */
export type EventStyle = 'lines' | 'cut' | 'joined';

export interface StandInOptions {
  /** Path of a Unix socket; TCP on loopback when absent. */
  readonly socket?: string;
  /** A certificate and its key, PEM: served over TLS then, to clients with a certificate of `ca`. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

const INSPECT = /^\/containers\/(.+)\/json$/;

interface Stream {
  readonly response: ServerResponse;
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

export class DockerEngineStandIn {
  apiVersion = '1.41';
  minApiVersion = '1.12';
  info: Json = {
    ID: 'STANDIN',
    Name: 'node-a',
    Swarm: { LocalNodeState: 'inactive', ControlAvailable: false, NodeAddr: '' },
  };
  /** Answers to `/containers/{id}/json`, by id. */
  readonly containers = new Map<string, Json>();
  networks: Json[] = [];
  /** Answers to `/networks/{id}`, with `?verbose=true` or without, where they differ from the list's. */
  readonly networkDetails = new Map<string, Json>();
  services: Json[] = [];
  tasks: Json[] = [];
  nodes: Json[] = [];
  /** Faults by path without version (`/containers/json`), in force until taken away. */
  readonly faults = new Map<string, Fault>();
  /** Milliseconds before each answer. */
  delayMs = 0;
  eventStyle: EventStyle = 'lines';
  /** While true no event reaches anybody, though all connections stay: a stall that nobody is told of. */
  isStalled = false;
  /** All requests so far, `GET /containers/json`, without version and query. */
  readonly requests: string[] = [];
  /** The same with both. */
  readonly urls: string[] = [];
  readonly #options: StandInOptions;
  #server: Server | undefined;
  #port = 0;
  readonly #connections = new Set<Socket>();
  readonly #streams = new Set<Stream>();
  readonly #history: StandInEvent[] = [];
  #unsent: StandInEvent[] = [];
  #waiting: (() => void)[] = [];
  /** Texts of answers by path, made ahead by `prepare`. */
  readonly #prepared = new Map<string, string>();

  private constructor(options: StandInOptions) {
    this.#options = options;
  }

  static async start(options: StandInOptions = {}): Promise<DockerEngineStandIn> {
    const engine = new DockerEngineStandIn(options);
    await engine.up();
    return engine;
  }

  /** As DOCKER_HOST has it. */
  get host(): string {
    const { socket } = this.#options;
    return socket === undefined ? `tcp://127.0.0.1:${this.#port}` : `unix://${socket}`;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** How many requests a path had: `/containers/json`, or a pattern. */
  count(path: string | RegExp): number {
    return this.requests.filter((request) =>
      typeof path === 'string' ? request === `GET ${path}` : path.test(request.slice('GET '.length)),
    ).length;
  }

  /** Waits until `fits`; looked at after each request and each end of a stream. */
  async until(fits: () => boolean): Promise<void> {
    while (!fits()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Listens, again after `down` where it was. */
  async up(): Promise<void> {
    const { socket, tls } = this.#options;
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
    const server = tls
      ? createTlsServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: tls.ca !== undefined }, serve)
      : createServer(serve);
    server.keepAliveTimeout = 0;
    server.on('connection', (connection: Socket) => {
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
    });
    this.#server = server;
    await new Promise<void>((resolve) => {
      if (socket === undefined) server.listen(this.#port, '127.0.0.1', resolve);
      else server.listen(socket, resolve);
    });
    if (socket === undefined) this.#port = (server.address() as AddressInfo).port;
  }

  /** The daemon is gone: all connections end and no new one is taken. */
  async down(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of this.#connections) connection.destroy();
    this.#streams.clear();
    await closed;
    if (this.#options.socket !== undefined) rmSync(this.#options.socket, { force: true });
    this.#stir();
  }

  /** Writes the answers about containers now, so that giving them costs little; what happens next makes them void. */
  prepare(): void {
    this.#prepared.set('/containers/json', JSON.stringify(this.#listed()));
    for (const [id, container] of this.containers)
      this.#prepared.set(`/containers/${id}/json`, JSON.stringify(container));
  }

  #listed(): Json[] {
    return [...this.containers.values()].filter(isRunning).map(listed);
  }

  /** Ends the streams of events, as a daemon does that stops in good order. */
  endStreams(): void {
    for (const { response } of this.#streams) response.end();
    this.#streams.clear();
  }

  /** Something happened: whoever asked for such events is told. */
  emit(type: string, action: string, id: string, attributes: Readonly<Record<string, string>> = {}): void {
    const scope = type === 'service' || type === 'node' ? 'swarm' : 'local';
    const event: StandInEvent = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope,
      time: Math.floor(Date.now() / 1000),
    };
    this.#history.push(event);
    this.#prepared.clear();
    if (this.#unsent.push(event) === 1) setImmediate(() => this.#send());
  }

  #send(): void {
    const events = this.#unsent;
    this.#unsent = [];
    if (this.isStalled) return;
    for (const { response, filters } of this.#streams) {
      const wanted = events.filter((event) => fits(event, filters)).map((event) => JSON.stringify(event));
      if (wanted.length === 0) continue;
      if (this.eventStyle === 'joined') response.write(wanted.join(''));
      else if (this.eventStyle === 'lines') for (const line of wanted) response.write(`${line}\n`);
      else void drip(response, `${wanted.join('\n')}\n`);
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, version, path, search] = /^(?:\/v(\d+\.\d+))?(\/[^?]*)(\?.*)?$/.exec(request.url!)!;
    this.requests.push(`${request.method} ${path}`);
    this.urls.push(request.url!);
    this.#stir();
    const prepared = this.#prepared.get(path!);
    if (prepared !== undefined) return send(response, 200, prepared);
    const query = new URLSearchParams(search);
    // What is told late is what was the case when it was asked.
    const inspected = this.containers.get(INSPECT.exec(path!)?.[1] ?? '');
    const container = inspected && JSON.stringify(inspected);
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    const fault = this.faults.get(path!);
    if (fault === 'stall') return;
    response.setHeader('Api-Version', this.apiVersion);
    if (fault !== undefined) return reply(response, fault, { message: 'it was told to fail' });
    if (version !== undefined && compare(version, this.apiVersion) > 0)
      return reply(response, 400, {
        message: `client version ${version} is too new. Maximum supported API version is ${this.apiVersion}`,
      });
    if (version !== undefined && compare(version, this.minApiVersion) < 0)
      return reply(response, 400, {
        message: `client version ${version} is too old. Minimum supported API version is ${this.minApiVersion}, please upgrade your client to a newer version`,
      });
    if (request.method !== 'GET') return reply(response, 403, { message: 'only GET is let through' });
    if (path === '/events') this.#stream(response, query);
    else this.#answer(response, path!, query, container);
  }

  #answer(response: ServerResponse, path: string, query: URLSearchParams, container: string | undefined): void {
    const [, inspected] = INSPECT.exec(path) ?? [];
    const [, network] = /^\/networks\/(.+)$/.exec(path) ?? [];
    switch (path) {
      case '/_ping':
        response.end('OK');
        return;
      case '/version':
        reply(response, 200, { ApiVersion: this.apiVersion, MinAPIVersion: this.minApiVersion });
        return;
      case '/info':
        reply(response, 200, this.info);
        return;
      case '/containers/json':
        reply(response, 200, this.#listed());
        return;
      case '/networks':
        reply(response, 200, this.networks);
        return;
      case '/services':
      case '/tasks':
      case '/nodes':
        this.#answerSwarm(response, path, query);
        return;
    }
    if (inspected !== undefined) {
      if (container) send(response, 200, container);
      else reply(response, 404, { message: `No such container: ${inspected}` });
    } else if (network !== undefined) {
      const found =
        this.networkDetails.get(network) ?? this.networks.find(({ Id, Name }) => Id === network || Name === network);
      reply(response, found ? 200 : 404, found ?? { message: `network ${network} not found` });
    } else reply(response, 404, { message: 'page not found' });
  }

  #answerSwarm(response: ServerResponse, path: string, query: URLSearchParams): void {
    const { ControlAvailable } = this.info.Swarm as Json;
    if (ControlAvailable !== true) {
      reply(response, 503, {
        message: "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state.",
      });
      return;
    }
    const wanted = JSON.parse(query.get('filters') ?? '{}')['desired-state'] as string[] | undefined;
    if (path === '/services') reply(response, 200, this.services);
    else if (path === '/nodes') reply(response, 200, this.nodes);
    else
      reply(
        response,
        200,
        this.tasks.filter(({ DesiredState }) => wanted?.includes(String(DesiredState)) ?? true),
      );
  }

  #stream(response: ServerResponse, query: URLSearchParams): void {
    const filters = JSON.parse(query.get('filters') ?? '{}') as Record<string, readonly string[]>;
    response.setHeader('content-type', 'application/json');
    response.flushHeaders();
    const since = Number(query.get('since') ?? Number.POSITIVE_INFINITY);
    const until = Number(query.get('until') ?? Number.POSITIVE_INFINITY);
    for (const event of this.#history)
      if (event.time >= since && event.time <= until && fits(event, filters))
        response.write(`${JSON.stringify(event)}\n`);
    if (query.has('until')) {
      response.end();
      return;
    }
    const stream = { response, filters };
    this.#streams.add(stream);
    response.once('close', () => {
      this.#streams.delete(stream);
      this.#stir();
    });
    this.#stir();
  }

  #stir(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** Filters of one kind are alternatives; the kinds must all fit. `health_status` stands for what follows a colon, too. */
function fits({ Type, Action, scope }: StandInEvent, filters: Stream['filters']): boolean {
  const { type, event, scope: scopes } = filters;
  if (type && !type.includes(Type)) return false;
  if (scopes && !scopes.includes(scope)) return false;
  return !event || event.includes(Action) || event.includes(Action.split(':')[0]!);
}

async function drip(response: ServerResponse, text: string): Promise<void> {
  for (let at = 0; at < text.length; at += 3) {
    response.write(text.slice(at, at + 3));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, JSON.stringify(body));
}

function send(response: ServerResponse, status: number, json: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(json);
}

function compare(a: string, b: string): number {
  const [x, y] = [a.split('.').map(Number), b.split('.').map(Number)];
  return x[0]! - y[0]! || x[1]! - y[1]!;
}

function isRunning(container: Json): boolean {
  const { Running, Status } = container.State as Json;
  return Running === true || Status === 'restarting';
}

/** A container as `/containers/json` has it: the ports in a list, no aliases, the health in a text. */
function listed(container: Json): Json {
  const state = container.State as Json;
  const host = container.HostConfig as Json;
  const config = container.Config as Json;
  const settings = container.NetworkSettings as Json;
  const health = (state.Health as Json | undefined)?.Status;
  const note = health === undefined ? '' : health === 'starting' ? ' (health: starting)' : ` (${String(health)})`;
  const networks = settings.Networks as Record<string, Json>;
  return {
    Id: container.Id,
    Names: [container.Name],
    Labels: config.Labels,
    State: state.Status,
    Status: `Up 3 seconds${note}`,
    Ports: Object.entries((settings.Ports ?? {}) as Record<string, Json[] | null>).flatMap(([key, bindings]) => {
      const [port, Type] = key.split('/');
      const entry = { PrivatePort: Number(port), Type };
      return bindings
        ? bindings.map(({ HostIp, HostPort }) => ({ IP: HostIp, ...entry, PublicPort: Number(HostPort) }))
        : [entry];
    }),
    HostConfig: { NetworkMode: host.NetworkMode },
    NetworkSettings: {
      Networks: Object.fromEntries(
        Object.entries(networks).map(([name, endpoint]) => [name, { ...endpoint, Aliases: null }]),
      ),
    },
  };
}
