// A Marathon for tests: speaks the API as Marathon 1.8 does (apps with embeds, pods, info, the event stream with filters and
// light payloads, a standby's redirects, basic authentication and tokens) and fails on demand in the ways that one does.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface StandInTask extends Record<string, unknown> {
  readonly id: string;
  readonly host: string;
}

/** An app as Marathon stores it, its tasks and readiness results beside it. */
export interface StandInApp {
  readonly definition: Readonly<Record<string, unknown>> & { readonly id: string };
  readonly tasks: readonly StandInTask[];
  readonly readiness?: readonly object[];
}

/**
 * What goes wrong. `error`: an answer 500; `garbage`: no JSON; `cut`: the connection ends in the middle of the body;
 * `stall`: the body stops in the middle and the connection stays; `drip`: an octet every 50 ms; `refuse`: the
 * connection is closed at once; `unavailable`: an answer 503, as while no leader is known; `missing`: an answer 404.
 */
export type Fault = 'error' | 'garbage' | 'cut' | 'stall' | 'drip' | 'refuse' | 'unavailable' | 'missing';

export interface StandInOptions {
  /** What `Authorization` must be; anybody may ask when absent. */
  readonly authorization?: string;
  /** A certificate and its key, PEM: served over TLS then. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

interface Stream {
  readonly response: ServerResponse;
  /** Types asked for; all when there are none. */
  readonly types: ReadonlySet<string>;
}

export class MarathonStandIn {
  readonly apps = new Map<string, StandInApp>();
  /** Pod statuses by id. */
  readonly pods = new Map<string, Readonly<Record<string, unknown>>>();
  frameworkName = 'marathon';
  frameworkId = '96d7da70-b731-4cfb-96a7-0ee877af615d-0000';
  /** The leader to send everybody to: this one is a standby then. */
  leader: { readonly url: string; readonly status: 302 | 307 } | undefined;
  /** Faults by path (`/v2/apps`), in force until taken away. */
  readonly faults = new Map<string, Fault>();
  /** All requests so far, `GET /v2/apps?embed=...`. */
  readonly requests: string[] = [];
  readonly #options: StandInOptions;
  readonly #server: Server;
  readonly #streams = new Set<Stream>();
  readonly #dripping = new Set<NodeJS.Timeout>();
  #waiting: (() => void)[] = [];

  private constructor(options: StandInOptions) {
    this.#options = options;
    const serve = (request: IncomingMessage, response: ServerResponse) => this.#serve(request, response);
    this.#server = options.tls
      ? createTlsServer(
          {
            ...options.tls,
            requestCert: options.tls.ca !== undefined,
            rejectUnauthorized: options.tls.ca !== undefined,
          },
          serve,
        )
      : createServer(serve);
  }

  /** @param port of the loopback address; 0 for any that is free */
  static async start(options: StandInOptions = {}, port = 0): Promise<MarathonStandIn> {
    const standIn = new MarathonStandIn(options);
    await new Promise<void>((resolve, reject) => {
      standIn.#server.once('error', reject);
      standIn.#server.listen(port, '127.0.0.1', resolve);
    });
    return standIn;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  /** Event streams that are open now. */
  get streamCount(): number {
    return this.#streams.size;
  }

  async stop(): Promise<void> {
    for (const timer of this.#dripping) clearInterval(timer);
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  /** Sets an app and tells of it on the event stream. */
  setApp(
    definition: StandInApp['definition'],
    tasks: readonly StandInTask[] = [],
    readiness: readonly object[] = [],
  ): void {
    this.apps.set(definition.id, { definition, tasks, readiness });
    this.emit('api_post_event', {
      uri: `/v2/apps${definition.id}`,
      clientIp: '192.0.2.200',
      appDefinition: definition,
    });
  }

  /** Sends an event to those who asked for its type, as light as Marathon sends it: without definitions and plans. */
  emit(eventType: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { appDefinition: _, plan: __, currentStep: ___, ...light } = fields;
    for (const stream of this.#streams) this.#send(stream, eventType, light);
  }

  #send({ response, types }: Stream, eventType: string, fields: object): void {
    if (types.size > 0 && !types.has(eventType)) return;
    const data = JSON.stringify({ ...fields, eventType, timestamp: '2026-01-01T00:00:00.000Z' });
    response.write(`event: ${eventType}\r\ndata: ${data}\r\n\r\n`);
  }

  /** Sends octets as they are on all event streams: a record that ends in the middle, something that is none. */
  emitRaw(text: string): void {
    for (const { response } of this.#streams) response.write(text);
  }

  /** Ends all event streams. @param how `end`: in good order; `reset`: as when the machine goes away */
  cutStreams(how: 'end' | 'reset' = 'reset'): void {
    for (const { response } of this.#streams) {
      if (how === 'end') response.end();
      else response.destroy();
    }
    this.#streams.clear();
  }

  /** Waits until that many requests that fit were made, counted from the start. */
  async requested(part: string, count = 1): Promise<void> {
    while (this.requests.filter((line) => line.includes(part)).length < count) await this.#next();
  }

  /** Waits until that many event streams are open. */
  async streams(count: number): Promise<void> {
    while (this.#streams.size !== count) await this.#next();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
    this.requests.push(`${request.method} ${request.url}`);
    this.#wake();
    const { authorization } = this.#options;
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="Marathon"' }).end();
      return;
    }
    const fault = this.faults.get(pathname);
    if (fault === 'refuse') {
      request.socket.destroy();
      return;
    }
    const status = { error: 500, unavailable: 503, missing: 404 }[fault as string];
    if (status !== undefined) {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end('{"message":"Could not determine the current leader"}');
      return;
    }
    if (this.leader) {
      response.writeHead(this.leader.status, { location: `${this.leader.url}${request.url}` }).end();
      return;
    }
    if (pathname === '/v2/events') this.#attach(request, response, searchParams);
    else this.#answer(response, this.#document(pathname, searchParams), fault);
  }

  #document(pathname: string, query: URLSearchParams): object | undefined {
    switch (pathname) {
      case '/v2/info':
        return {
          name: 'marathon',
          frameworkId: this.frameworkId,
          marathon_config: { framework_name: this.frameworkName },
        };
      case '/v2/apps': {
        const embeds = query.getAll('embed');
        const apps = [...this.apps.values()].map(({ definition, tasks, readiness }) => ({
          ...definition,
          tasksRunning: tasks.length,
          ...(embeds.includes('apps.tasks') && { tasks }),
          ...(embeds.includes('apps.readiness') && { readinessCheckResults: readiness ?? [] }),
        }));
        return { apps };
      }
      case '/v2/pods/::status':
        return [...this.pods.values()];
      default:
        return undefined;
    }
  }

  #answer(response: ServerResponse, document: object | undefined, fault: Fault | undefined): void {
    if (!document) {
      response.writeHead(404).end('{"message":"not found"}');
      return;
    }
    const body = fault === 'garbage' ? '<html>{"apps":' : JSON.stringify(document);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    const half = body.length >> 1;
    switch (fault) {
      case 'cut':
        response.write(body.slice(0, half), () => response.destroy());
        return;
      case 'stall':
        response.write(body.slice(0, half));
        return;
      case 'drip': {
        let sent = 0;
        const timer = setInterval(() => {
          if (sent < body.length && !response.destroyed) response.write(body[sent++]!);
          else {
            clearInterval(timer);
            response.end();
          }
        }, 50);
        this.#dripping.add(timer);
        return;
      }
      default:
        response.end(body);
    }
  }

  #attach(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    if (request.headers.accept !== 'text/event-stream') {
      response.writeHead(405).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const stream = { response, types: new Set(query.getAll('event_type')) };
    this.#streams.add(stream);
    response.on('close', () => {
      this.#streams.delete(stream);
      this.#wake();
    });
    response.flushHeaders();
    this.#send(stream, 'event_stream_attached', { remoteAddress: '192.0.2.200' });
    this.#wake();
  }
}
