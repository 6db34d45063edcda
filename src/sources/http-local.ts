// Short answers of a server at a Unix socket. An engine is asked for each of its containers when it is first read, and
// undici's reading of so many answers costs a quarter of all that 2,000 containers take until they are answered for. So its
// connections are used here without the rest of it, and whatever is out of the ordinary is left to the client of `http.ts`.
import type { buildConnector } from 'undici';
import { HttpError } from './http.ts';
import { readAnswer, type ShortAnswer } from './http-answer.ts';

type Connector = typeof buildConnector;
type Socket = NonNullable<Parameters<buildConnector.Callback>[1]>;

/** Octets of a longer answer, head and all, that are not waited for. */
const MAX_ANSWER = 256 << 10;

/** Octets read at once. */
const READ_SIZE = 64 << 10;

/** Milliseconds after which a connection that nobody uses is closed, sooner than servers do. */
const IDLE_MS = 4_000;

/** Where a server is, and how long it is waited for; milliseconds. */
export interface LocalOptions {
  readonly socketPath: string;
  readonly connectTimeoutMs: number;
  /** For an answer to be complete. */
  readonly timeoutMs: number;
  /** Octets of the largest answer that is read, if it is to be less than this client reads anyway. */
  readonly maxBody: number;
}

export class LocalClient {
  readonly #options: LocalOptions;
  #buildConnector: Connector | undefined;
  /** What one read got is dealt with before the next one, whichever connection it is of. */
  readonly #scratch = Buffer.allocUnsafeSlow(READ_SIZE);
  readonly #connections = new Set<Connection>();
  readonly #idle: Connection[] = [];
  /** Signals that are listened to. */
  readonly #signals = new WeakSet<AbortSignal>();
  /** Looks for answers that are late, while any is waited for: a timer for each would cost as much as the rest. */
  #watch: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: LocalOptions) {
    this.#options = options;
  }

  /**
   * Sends a GET.
   * @param target path and query, as they are sent
   * @returns the answer, of any status; undefined when there is none that could be read here: the other client is to be
   *   asked, whose answer or error it then is
   * @throws HttpError when it is not complete in time; the signal's reason
   */
  get(target: string, signal: AbortSignal): Promise<ShortAnswer | undefined> {
    const build = this.#buildConnector;
    if (!build) return this.#getFirst(target, signal);
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#isClosed) return Promise.resolve(undefined);
    if (!this.#signals.has(signal)) this.#listen(signal);
    this.#watch ??= setTimeout(this.#endLate, this.#options.timeoutMs);
    const connection = this.#idle.pop() ?? this.#connect(build);
    return new Promise((resolve, reject) => {
      connection.ask({ target, signal, askedAt: performance.now(), resolve, reject });
    });
  }

  /** Ends all connections; what is under way is not answered any more. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections) connection.end();
    clearTimeout(this.#watch);
  }

  async #getFirst(target: string, signal: AbortSignal): Promise<ShortAnswer | undefined> {
    // As in `http.ts`, not before it is needed.
    this.#buildConnector = (await import('undici')).buildConnector;
    return this.get(target, signal);
  }

  #connect(build: Connector): Connection {
    const connection = new Connection(build, this.#options, this.#scratch, {
      free: () => this.#idle.push(connection),
      closed: () => {
        this.#connections.delete(connection);
        const at = this.#idle.indexOf(connection);
        if (at >= 0) this.#idle.splice(at, 1);
      },
    });
    this.#connections.add(connection);
    return connection;
  }

  #listen(signal: AbortSignal): void {
    this.#signals.add(signal);
    const onAbort = () => {
      for (const connection of this.#connections)
        if (connection.question?.signal === signal) connection.end(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  }

  readonly #endLate = (): void => {
    this.#watch = undefined;
    const { timeoutMs } = this.#options;
    const now = performance.now();
    let first = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections) {
      const { question } = connection;
      if (question === undefined) continue;
      const remaining = question.askedAt + timeoutMs - now;
      if (remaining > 0) first = Math.min(first, remaining);
      else
        connection.end(new HttpError(`Cannot GET ${question.target}: no complete answer within ${timeoutMs / 1000} s`));
    }
    if (first !== Number.POSITIVE_INFINITY) this.#watch = setTimeout(this.#endLate, Math.ceil(first));
  };
}

/** What was asked, and who waits for the answer. */
interface Question {
  readonly target: string;
  readonly signal: AbortSignal;
  /** Milliseconds of the monotonic clock. */
  readonly askedAt: number;
  readonly resolve: (answer: ShortAnswer | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

interface ConnectionEvents {
  /** It has answered and can be asked again. */
  free(): void;
  closed(): void;
}

/** One connection: a question, its answer, the next question. */
class Connection {
  /** The one that is not answered yet. */
  question: Question | undefined;
  #socket: Socket | undefined;
  #isEnded = false;
  readonly #events: ConnectionEvents;
  /** Octets; the other client decides of longer ones. */
  readonly #maxAnswer: number;
  /** What came of the answer so far. */
  #held: Buffer | undefined;

  constructor(
    build: Connector,
    { socketPath, connectTimeoutMs, maxBody }: LocalOptions,
    scratch: Buffer,
    events: ConnectionEvents,
  ) {
    this.#events = events;
    this.#maxAnswer = Math.min(MAX_ANSWER, maxBody);
    const callback = (length: number): boolean => {
      this.#read(scratch.subarray(0, length));
      return true;
    };
    const connect = build({ path: socketPath, timeout: connectTimeoutMs, onread: { buffer: scratch, callback } });
    // Of a server at a socket any name will do.
    connect({ hostname: 'localhost', protocol: 'http:', port: '' }, (_, socket) => this.#connected(socket));
  }

  ask(question: Question): void {
    this.question = question;
    this.#send();
  }

  /** @param reason what the question under way fails with; without one it is left to the other client */
  end(reason?: unknown): void {
    const { question } = this;
    this.question = undefined;
    this.#isEnded = true;
    this.#socket?.destroy();
    this.#events.closed();
    if (reason === undefined) question?.resolve(undefined);
    else question?.reject(reason);
  }

  /** @param socket null when there is none; the other client finds out why */
  #connected(socket: Socket | null): void {
    if (!socket || this.#isEnded) {
      socket?.destroy();
      this.end();
      return;
    }
    this.#socket = socket;
    socket.setTimeout(IDLE_MS, () => {
      if (this.question === undefined) this.end();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.end());
    this.#send();
  }

  #send(): void {
    const { target } = this.question!;
    this.#socket?.write(`GET ${target} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n`, 'latin1');
  }

  #read(octets: Buffer): void {
    const { question } = this;
    const all = this.#held ? Buffer.concat([this.#held, octets]) : octets;
    const answer = question && all.length <= this.#maxAnswer ? readAnswer(all) : 'other';
    if (answer === 'more') {
      this.#held = this.#held ? all : Buffer.from(all);
      return;
    }
    if (typeof answer === 'string') {
      this.end();
      return;
    }
    this.#held = undefined;
    this.question = undefined;
    if (answer.isLast) this.end();
    else this.#events.free();
    question!.resolve(answer);
  }
}
