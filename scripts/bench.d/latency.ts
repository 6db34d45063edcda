// How long answers take while a server has a load that none of them is busy with. Over UDP by even-load.c: dnsperf's own
// threads wait for each other where processors are few, so that by its clock even the floor takes ten milliseconds there.
import { readFile } from 'node:fs/promises';
import { runAsking } from './asking.ts';
import { compile } from './compile.ts';
import { type Answered, ask, type Load } from './load.ts';
import { latenciesOf } from './statistics.ts';

/** Queries a second at which latencies are measured: far from what any of the servers can do, so no queue builds up. */
export const LATENCY_RATE = 20_000;

/**
 * Asks a server for some seconds at `LATENCY_RATE`.
 * @param pid the server's first process
 * @throws Error when it cannot be asked, nothing is answered, or more than one answer in 1,000 is neither NOERROR nor
 *   NXDOMAIN
 */
export async function askEvenly(
  pid: number,
  port: number,
  load: Load,
  { seconds, folder }: { readonly seconds: number; readonly folder: string },
): Promise<Answered> {
  if (load.transport === 'tcp') return ask(pid, port, load, { seconds, folder, rate: LATENCY_RATE });
  const { clients, edns, queries, cores } = load;
  const args = [port, LATENCY_RATE, seconds, clients, edns ? 'edns' : 'plain', queries].map(String);
  const command = [compile(folder, 'even-load'), ...args];
  const { said, spent } = await runAsking({ pid, cores, command, seconds, folder }, (path) => readFile(path, 'utf8'));
  return summary(said, spent, seconds);
}

/** @param text how many were sent, answered, answered well, and sent late; then a line for each answer, milliseconds */
function summary(text: string, spent: number, seconds: number): Answered {
  const [counts = '', ...lines] = text.trimEnd().split('\n');
  const [sent = 0, completed = 0, good = 0, late = 0] = counts.split(' ').map(Number);
  if (completed === 0) throw new Error(`Cannot measure: of ${sent} queries none was answered`);
  if (good < completed * 0.999)
    throw new Error(`Cannot measure: ${completed - good} answers of ${completed} are failures`);
  return {
    completed,
    lost: (sent - completed) / sent,
    perSecond: completed / seconds,
    cost: spent / completed,
    latencies: latenciesOf(Float64Array.from(lines, Number)),
    late: late / sent,
  };
}
