// A client that asks one question at a time over UDP and gives back the reply's octets: to see whether a server answers
// yet, and what.
import { createSocket, type Socket } from 'node:dgram';

export const TYPE = { A: 1, AAAA: 28, SRV: 33 } as const;

/** A query without EDNS (RFC 1035 4.1). @param name dots between labels */
export function query(id: number, name: string, type: number): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const question = labels.map((label) => `${String.fromCharCode(label.length)}${label}`).join('');
  const message = Buffer.alloc(12 + question.length + 5);
  message.writeUInt16BE(id, 0);
  message.writeUInt16BE(1, 4);
  message.write(question, 12, 'latin1');
  message.writeUInt16BE(type, message.length - 4);
  message.writeUInt16BE(1, message.length - 2);
  return message;
}

/** Whether a reply says NOERROR and has an answer. */
export function isAnswer(reply: Buffer | undefined): reply is Buffer {
  return reply !== undefined && reply.length >= 12 && (reply[3]! & 15) === 0 && reply.readUInt16BE(6) > 0;
}

export class WireClient {
  readonly #socket: Socket;
  readonly #port: number;
  #id = 0;
  #waiting: { readonly id: number; take(reply: Buffer | undefined): void } | undefined;

  constructor(port: number) {
    this.#port = port;
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (reply) => {
      if (this.#waiting && reply.length >= 12 && reply.readUInt16BE(0) === this.#waiting.id) this.#waiting.take(reply);
    });
    // Nobody listens there yet; the reply that does not come says the same.
    this.#socket.on('error', () => {});
  }

  /** @returns the reply; undefined when none came in time */
  ask(name: string, type: number, timeoutMs: number): Promise<Buffer | undefined> {
    this.#id = (this.#id + 1) & 0xffff;
    const id = this.#id;
    return new Promise((resolve) => {
      const timer = setTimeout(() => take(undefined), timeoutMs);
      const take = (reply: Buffer | undefined): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve(reply);
      };
      this.#waiting = { id, take };
      this.#socket.send(query(id, name, type), this.#port, '127.0.0.1');
    });
  }

  close(): void {
    this.#socket.close();
  }
}

/**
 * Asks until there is an answer with records.
 * @throws Error when there is none in time
 */
export async function untilAnswered(port: number, name: string, deadlineMs: number, everyMs = 20): Promise<void> {
  const client = new WireClient(port);
  try {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const asked = performance.now();
      if (isAnswer(await client.ask(name, TYPE.A, everyMs))) return;
      if (performance.now() > deadline)
        throw new Error(`Cannot measure: no answer for ${name} within ${deadlineMs} ms`);
      // A refusal comes at once; it is no reason to ask more often.
      const left = everyMs - (performance.now() - asked);
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    }
  } finally {
    client.close();
  }
}
