// A Mesos master for tests: speaks what Mesos 1.x does (operator API with its stream of events in RecordIO, /master/state,
// a standby's redirects, basic authentication, tokens of DC/OS IAM) and fails on demand in the ways that one does.
import { createPublicKey, verify } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getMasterOf, getStateOf, summaryOf } from './mesos-forms.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What may be asked, as tests name it. */
export type Call = 'GET_MASTER' | 'GET_STATE' | 'SUBSCRIBE' | 'state' | 'summary' | 'login';

/**
 * What goes wrong. `error`: an answer 500; `unavailable`: 503, as while no leader is known; `absent`: 404; `garbage`: no
 * JSON, no RecordIO; `cut`: the connection ends in the middle of the body; `stall`: no answer at all; `drip`: an octet
 * every 20 ms; `refuse`: the connection is closed at once.
 */
export type Fault = 'error' | 'unavailable' | 'absent' | 'garbage' | 'cut' | 'stall' | 'drip' | 'refuse';

export interface MasterOptions {
  /** What `Authorization` must be; anybody may ask when absent. */
  readonly authorization?: string;
  /** Key of the service account, PEM: who signs with it gets a token at the login. */
  readonly account?: { readonly uid: string; readonly publicKey: string };
  /** A certificate and its key, PEM: served over TLS then; with `ca` it wants one from the client. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

/** How a record is cut into the pieces that are written one by one. */
export type Chunking = (record: Buffer) => readonly Buffer[];

export const whole: Chunking = (record) => [record];

/** Pieces of that many octets. */
export function pieces(size: number): Chunking {
  return (record) =>
    Array.from({ length: Math.ceil(record.length / size) }, (_, i) => record.subarray(i * size, (i + 1) * size));
}

export class MesosMasterStandIn {
  /** What the master knows, as /state has it; the other forms are made of it. */
  document: Fields = { frameworks: [], slaves: [] };
  /** `get_state` that is told instead of the one made of `document`. */
  getState: Fields | undefined;
  /** Where to send everybody: this one is a standby then. `//host:port` is the form that masters use. */
  redirect: string | undefined;
  /** Faults by call, in force until taken away. */
  readonly faults = new Map<Call, Fault>();
  chunking: Chunking = whole;
  /** Seconds, as announced; nothing beats by itself: see `beat`. */
  heartbeatSeconds = 15;
  /** The token that the login gives, and that is then asked for. */
  token = 'token-1';
  /** All calls so far. */
  readonly calls: { readonly call: Call | string; readonly authorization: string | undefined }[] = [];
  readonly #options: MasterOptions;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  readonly #dripping = new Set<NodeJS.Timeout>();
  #waiting: (() => void)[] = [];

  private constructor(options: MasterOptions) {
    this.#options = options;
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
    const asksForCertificate = options.tls?.ca !== undefined;
    this.#server = options.tls
      ? createTlsServer(
          { ...options.tls, requestCert: asksForCertificate, rejectUnauthorized: asksForCertificate },
          serve,
        )
      : createServer(serve);
  }

  /** @param port of the loopback address; 0 for any that is free */
  static async start(options: MasterOptions = {}, port = 0): Promise<MesosMasterStandIn> {
    const standIn = new MesosMasterStandIn(options);
    await new Promise<void>((resolve, reject) => {
      standIn.#server.once('error', reject);
      standIn.#server.listen(port, '127.0.0.1', resolve);
    });
    return standIn;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `127.0.0.1:PORT` */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://${this.address}`;
  }

  async stop(): Promise<void> {
    for (const timer of this.#dripping) clearInterval(timer);
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  /** Sends an event on all streams. */
  send(event: Fields): void {
    const record = frame(event);
    for (const stream of this.#streams) for (const piece of this.chunking(record)) stream.write(piece);
  }

  beat(): void {
    this.send({ type: 'HEARTBEAT' });
  }

  /** Sends octets as they are: a record that is never finished, something that is none. */
  sendRaw(octets: string | Buffer): void {
    for (const stream of this.#streams) stream.write(octets);
  }

  /** Ends all streams. @param how `end`: in good order; `reset`: as when the machine goes away */
  cutStreams(how: 'end' | 'reset' = 'reset'): void {
    for (const stream of this.#streams) {
      if (how === 'end') stream.end();
      else stream.destroy();
    }
    this.#streams.clear();
  }

  /** Waits until that many of these calls came in, counted from the start. */
  async called(call: Call, count = 1): Promise<void> {
    while (this.calls.filter((each) => each.call === call).length < count) await this.#next();
  }

  /** Waits until that many streams are open. */
  async streams(count: number): Promise<void> {
    while (this.#streams.size !== count) await this.#next();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const call = callOf(request.url ?? '/', body);
    const { authorization } = request.headers;
    this.calls.push({ call, authorization });
    this.#wake();
    const fault = this.faults.get(call as Call);
    if (fault === 'refuse') request.socket.destroy();
    if (fault === 'refuse' || fault === 'stall') return;
    if (call === 'login') {
      this.#logIn(body, response);
      return;
    }
    const wanted = this.#options.account ? `token=${this.token}` : this.#options.authorization;
    if (wanted !== undefined && authorization !== wanted) response.writeHead(401).end();
    else if (fault === 'error') response.writeHead(500).end('Internal error');
    else if (fault === 'unavailable') response.writeHead(503).end('No leader elected');
    else if (fault === 'absent') response.writeHead(404).end();
    else if (this.redirect !== undefined)
      response.writeHead(307, { location: this.redirect.replace(/\/$/, '') + request.url }).end();
    else if (call === 'SUBSCRIBE') this.#subscribe(response, fault);
    else this.#answer(response, this.#answerTo(call), fault);
  }

  #answerTo(call: string): Fields | undefined {
    switch (call) {
      case 'GET_MASTER':
        return { type: call, get_master: getMasterOf({ leader: `master@${this.address}`, ...this.document }) };
      case 'GET_STATE':
        return { type: call, get_state: this.getState ?? getStateOf(this.document) };
      case 'state':
        return { leader: `master@${this.address}`, pid: `master@${this.address}`, ...this.document };
      case 'summary':
        return summaryOf(this.document);
      default:
        return undefined;
    }
  }

  #subscribe(response: ServerResponse, fault: Fault | undefined): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    this.#streams.add(response);
    response.on('close', () => {
      this.#streams.delete(response);
      this.#wake();
    });
    const get_state = this.getState ?? getStateOf(this.document);
    const subscribed = { get_state, heartbeat_interval_seconds: this.heartbeatSeconds };
    const record = fault === 'garbage' ? Buffer.from('<html>') : frame({ type: 'SUBSCRIBED', subscribed });
    if (fault === 'cut' || fault === 'drip') this.#write(response, record, fault);
    else for (const piece of this.chunking(record)) response.write(piece);
    this.#wake();
  }

  #answer(response: ServerResponse, document: Fields | undefined, fault: Fault | undefined): void {
    if (!document) {
      response.writeHead(404).end();
      return;
    }
    const body = Buffer.from(fault === 'garbage' ? '<html>{"frameworks":' : JSON.stringify(document));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    if (fault === 'cut' || fault === 'drip') this.#write(response, body, fault);
    else response.end(body);
  }

  #write(response: ServerResponse, octets: Buffer, fault: 'cut' | 'drip'): void {
    if (fault === 'cut') {
      response.write(octets.subarray(0, octets.length >> 1), () => response.destroy());
      return;
    }
    let sent = 0;
    const timer = setInterval(() => {
      if (sent < octets.length && !response.destroyed) response.write(octets.subarray(sent, ++sent));
      else clearInterval(timer);
    }, 20);
    this.#dripping.add(timer);
  }

  /** DC/OS IAM: a JWT signed with the account's key (RS256) gets a token. */
  #logIn(body: string, response: ServerResponse): void {
    const { uid, token } = JSON.parse(body) as { uid: string; token: string };
    const [head = '', claims = '', signature = ''] = token.split('.');
    const { account } = this.#options;
    const isSigned =
      account?.uid === uid &&
      fromBase64Url(head).alg === 'RS256' &&
      fromBase64Url(claims).uid === uid &&
      verify(
        'RSA-SHA256',
        Buffer.from(`${head}.${claims}`),
        createPublicKey(account.publicKey),
        Buffer.from(signature, 'base64url'),
      );
    if (isSigned) response.writeHead(200).end(JSON.stringify({ token: this.token }));
    else response.writeHead(401).end();
  }
}

/** An event as a record of RecordIO. */
export function frame(event: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(event));
  return Buffer.concat([Buffer.from(`${body.length}\n`), body]);
}

function fromBase64Url(text: string): Fields {
  return JSON.parse(Buffer.from(text, 'base64url').toString());
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

function callOf(url: string, body: string): Call | string {
  switch (url) {
    case '/api/v1':
      return (JSON.parse(body) as { type: string }).type;
    case '/master/state':
      return 'state';
    case '/master/state-summary':
      return 'summary';
    case '/acs/api/v1/auth/login':
      return 'login';
    default:
      return url;
  }
}
