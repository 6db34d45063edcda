// Load by dnsperf, and what it cost the server: queries per second, losses, processor time for each, latencies.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { runAsking } from './asking.ts';
import { type Latencies, latenciesOf } from './statistics.ts';

/** What is asked, and how. */
export interface Load {
  /** dnsperf's: a name and a type a line. */
  readonly queries: string;
  readonly edns: boolean;
  readonly transport: 'udp' | 'tcp';
  /** Sockets, over UDP as well: a server with several workers spreads clients over them by address and port. */
  readonly clients: number;
  /** Queries that wait for an answer, over all clients. */
  readonly outstanding: number;
  /** Processors for dnsperf. */
  readonly cores: string;
}

/**
 * UDP as the tables have it. One socket, because dnsperf itself is quickest with one, and a server is only busy when
 * dnsperf is quick; as many outstanding as fit into the buffers on both sides.
 */
export const UDP_LOAD = { edns: true, transport: 'udp', clients: 1, outstanding: 200 } as const;

/** TCP: 20 connections, each with 20 queries on their way. */
export const TCP_LOAD = { edns: true, transport: 'tcp', clients: 20, outstanding: 400 } as const;

/** A run ends after so many queries even if its time is not up. */
const MAX_QUERIES = 50_000_000;

/** KiB that dnsperf asks the kernel to hold for it: its default is too little for so many large answers. */
const SOCKET_KIB = 1_024;

/** Seconds after which a query counts as lost. */
const TIMEOUT_SECONDS = 2;

export interface Answered {
  readonly completed: number;
  /** Share of the queries sent. */
  readonly lost: number;
  readonly perSecond: number;
  /** Microseconds of the server's processor time for each answered query. */
  readonly cost: number;
  /** Only of a run at a given rate. */
  readonly latencies: Latencies | undefined;
  /**
   * Share of the queries that went out more than a millisecond after their time, which shows how busy the machine was with
   * other things; undefined where that is not known.
   */
  readonly late?: number;
}

/** What is asked of one run. */
export interface RunOptions {
  readonly seconds: number;
  /** Queries a second; as many as go when absent. */
  readonly rate?: number;
  /** Where the latencies lie until they are counted. */
  readonly folder: string;
}

/**
 * Asks a server for some seconds.
 * @param pid the server's first process
 * @throws Error when dnsperf fails, nothing is answered, or more than one answer in 1,000 is neither NOERROR nor NXDOMAIN
 */
export async function ask(pid: number, port: number, load: Load, options: RunOptions): Promise<Answered> {
  const { seconds, rate, folder } = options;
  const lines = MAX_QUERIES / Math.max(1, await countLines(load.queries));
  const args = ['-s', '127.0.0.1', '-p', String(port), '-d', load.queries, '-l', String(seconds)];
  args.push('-n', String(Math.max(1, Math.ceil(lines))), '-t', String(TIMEOUT_SECONDS), '-m', load.transport);
  args.push('-c', String(load.clients), '-q', String(load.outstanding), '-b', String(SOCKET_KIB));
  if (load.edns) args.push('-e');
  if (rate !== undefined) args.push('-Q', String(rate), '-v');
  const { said, spent } = await runAsking(
    { pid, cores: load.cores, command: ['dnsperf', ...args], seconds: seconds + TIMEOUT_SECONDS, folder },
    readOutput,
  );
  return summary(said, spent, rate !== undefined);
}

interface Output {
  readonly text: string;
  /** Milliseconds. */
  readonly latencies: readonly number[];
}

/** dnsperf's report, and with `-v` a line for each answer: `> RCODE name type seconds`. */
async function readOutput(path: string): Promise<Output> {
  const latencies: number[] = [];
  const text: string[] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (!line.startsWith('> ')) text.push(line);
    else {
      const seconds = Number(line.slice(line.lastIndexOf(' ') + 1));
      if (Number.isFinite(seconds)) latencies.push(seconds * 1000);
    }
  }
  return { text: text.join('\n'), latencies };
}

function summary({ text, latencies }: Output, spent: number, hasLatencies: boolean): Answered {
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const sent = number(/Queries sent: +(\d+)/);
  const completed = number(/Queries completed: +(\d+)/);
  if (completed === 0) throw new Error(`Cannot measure: nothing was answered; dnsperf said\n${text}`);
  const good = number(/NOERROR (\d+)/) + number(/NXDOMAIN (\d+)/);
  if (good < completed * 0.999)
    throw new Error(`Cannot measure: ${completed - good} answers of ${completed} are failures; dnsperf said\n${text}`);
  return {
    completed,
    lost: (sent - completed) / sent,
    perSecond: number(/Queries per second: +([\d.]+)/),
    cost: spent / completed,
    latencies: hasLatencies ? latenciesOf(Float64Array.from(latencies)) : undefined,
  };
}

const lineCounts = new Map<string, number>();

async function countLines(path: string): Promise<number> {
  let count = lineCounts.get(path);
  if (count === undefined) {
    count = 0;
    for await (const _ of createInterface({ input: createReadStream(path) })) count++;
    lineCounts.set(path, count);
  }
  return count;
}
