// Places to ask from: a probe program (probe.ts) runs in the network namespace of each, resolves names through Portolan by
// its own small client, and connects to what was answered.
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Engine } from './engine.ts';
import type { Machine } from './namespaces.ts';
import type { Endpoint, ProbeRequest, Resolution, Watch } from './probe.ts';

export type { Endpoint, Resolution, Watch } from './probe.ts';

const PROBE = join(import.meta.dirname, 'probe.ts');

/** Milliseconds after which an endpoint counts as dead at first sight, and when it is tried again to be sure. */
const GLANCE_MS = 700;
const STARE_MS = 3_000;

/** Requests under way in one probe; more would measure the probe. */
const AT_ONCE = 40;

interface Waiter {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A place, and the address at which Portolan is asked from there. */
export class Vantage {
  readonly name: string;
  readonly server: string;
  readonly #program: ChildProcess;
  readonly #waiting = new Map<number, Waiter>();
  readonly #queue: (() => void)[] = [];
  #free = AT_ONCE;
  #id = 0;
  #hasEnded: Error | undefined;

  private constructor(name: string, server: string, program: ChildProcess) {
    this.name = name;
    this.server = server;
    this.#program = program;
    let complaint = '';
    program.stderr!.on('data', (chunk) => {
      complaint += chunk;
    });
    createInterface({ input: program.stdout! }).on('line', (line) => {
      const { id, value, error } = JSON.parse(line) as { id: number; value: unknown; error?: string };
      const waiter = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiter?.resolve(value);
      else waiter?.reject(new Error(`${name}: ${error}`));
    });
    program.on('close', () => {
      this.#hasEnded = new Error(`The probe at ${name} has ended: ${complaint}`);
      for (const { reject } of this.#waiting.values()) reject(this.#hasEnded);
      this.#waiting.clear();
    });
    // What a dead probe is asked is refused below.
    program.stdin!.on('error', () => {});
  }

  /** A place on a machine itself. */
  static onMachine(name: string, machine: Machine, server: string): Vantage {
    const program = machine.spawn([process.execPath, PROBE], ['pipe', 'pipe', 'pipe']);
    return new Vantage(name, server, program);
  }

  /** A place in the network namespace of a running container; the container need hold nothing but a process. */
  static async inContainer(name: string, engine: Engine, container: string, server: string): Promise<Vantage> {
    const pid = await engine.docker('inspect', '--format', '{{.State.Pid}}', container);
    const words = ['nsenter', `--net=/proc/${pid}/ns/net`, '--', process.execPath, PROBE];
    return new Vantage(name, server, engine.machine.spawn(words, ['pipe', 'pipe', 'pipe']));
  }

  /** @throws Error when the server does not answer */
  async resolve(name: string, type: (ProbeRequest & { kind: 'resolve' })['type']): Promise<Resolution> {
    return (await this.#ask({ kind: 'resolve', server: this.server, name, type })) as Resolution;
  }

  /**
   * Connects and returns what the service there says it is.
   * @param isExpected the endpoint is given more time, as silence would be a failure
   * @returns null when nothing answers
   */
  async reach(endpoint: Endpoint, isExpected = false): Promise<string | null> {
    const timeoutMs = isExpected ? STARE_MS : GLANCE_MS;
    return (await this.#ask({ kind: 'reach', endpoint, timeoutMs })) as string | null;
  }

  /**
   * Follows a service name as a client does (RFC 2782): SRV, then the addresses of each target.
   * @returns every endpoint, sorted as text; the rcode of the SRV answer
   */
  async locate(
    service: string,
    protocol: 'tcp' | 'udp',
  ): Promise<{ readonly rcode: number; readonly endpoints: Endpoint[] }> {
    const { rcode, data } = await this.resolve(service, 'SRV');
    const found = await Promise.all(
      data.map(async (text) => {
        const [, , port, target] = text.split(' ');
        const answers = await Promise.all([this.resolve(target!, 'A'), this.resolve(target!, 'AAAA')]);
        return answers.flatMap((answer) => answer.data.map((address) => ({ protocol, address, port: Number(port) })));
      }),
    );
    const endpoints = new Map(found.flat().map((endpoint) => [endpointText(endpoint), endpoint]));
    return { rcode, endpoints: [...endpoints.keys()].sort().map((key) => endpoints.get(key)!) };
  }

  /** Asks for the A records of a name every few milliseconds until they are there, or gone, or until `tell`. */
  async watch(name: string, until: 'answered' | 'silent' | 'told'): Promise<Watch> {
    return (await this.#ask({ kind: 'watch', server: this.server, name, until })) as Watch;
  }

  /** Ends the watches of a name that wait to be told. */
  async tell(name: string): Promise<void> {
    await this.#ask({ kind: 'tell', name });
  }

  /** Ends the probe. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = new Promise((resolve) => this.#program.once('close', resolve));
    this.#program.stdin!.end();
    await ended;
  }

  async #ask(request: ProbeRequest): Promise<unknown> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await new Promise((resolve, reject) => {
        if (this.#hasEnded) throw this.#hasEnded;
        const id = this.#id++;
        this.#waiting.set(id, { resolve, reject });
        this.#program.stdin!.write(`${JSON.stringify({ id, request })}\n`);
      });
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** `192.0.2.1:80/tcp`, `[2001:db8::1]:53/udp`. */
export function endpointText({ protocol, address, port }: Endpoint): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}/${protocol}`;
}
