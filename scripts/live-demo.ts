// What `./scripts/run --demo live` runs: a small cluster of stand-ins that moves (tasks come and end, fall ill and recover,
// masters change) and, beside it, Portolan, so that a person can watch the names change. Says what happens as it does.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningTask } from '../test/stand-ins/cluster.ts';
import { ClusterStandIn } from '../test/stand-ins/cluster.ts';

const ADDRESS = '127.0.0.1';
const PORT = Number(process.argv[2] ?? 5300);
/** Milliseconds between two things that happen. */
const EVERY_MS = 4_000;

const cluster = await ClusterStandIn.start();
for (let i = 0; i < 3; i++) cluster.run('web');
cluster.run('db');
cluster.scale('api', 2);

const folder = mkdtempSync(join(tmpdir(), 'portolan-demo-'));
const file = join(folder, 'portolan.json');
writeFileSync(
  file,
  JSON.stringify({
    listen: [`${ADDRESS}:${PORT}`],
    sources: [
      { kind: 'mesos', name: 'demo', masters: cluster.masters.map(({ address }) => address) },
      { kind: 'marathon', name: 'demo', urls: [cluster.marathon.url] },
    ],
    // Short, so that it shows.
    health: { hold: '2s' },
    state: { folder: 'state' },
    log: { level: 'warn' },
  }),
);
const portolan: ChildProcess = spawn(
  process.execPath,
  [join(import.meta.dirname, '..', 'src', 'cli', 'main.ts'), 'serve', '--config', file],
  { stdio: ['ignore', 'inherit', 'inherit'] },
);

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
portolan.once('close', (status) => {
  if (!stopped.signal.aborted) process.exitCode = status ?? 1;
  stopped.abort();
});

console.log(`A cluster of stand-ins (two masters, a Marathon) moves every ${EVERY_MS / 1000} seconds, and Portolan follows it on
${ADDRESS}:${PORT}, UDP and TCP, until you press Ctrl-C. In another terminal:

  watch -n 0.5 dig @${ADDRESS} -p ${PORT} +short web.marathon.mesos
  dig @${ADDRESS} -p ${PORT} +short _web._tcp.marathon.mesos SRV
  dig @${ADDRESS} -p ${PORT} +short all.web.marathon.mesos
  dig @${ADDRESS} -p ${PORT} +short api.apps.mesos
  dig @${ADDRESS} -p ${PORT} +short leader.mesos SOA
`);

const started: RunningTask[] = [];
let ill: RunningTask | undefined;
let apis = 2;
/** What happens, over and over. Each says what it did. */
const STEPS: readonly (() => string)[] = [
  () => {
    const task = cluster.run('web');
    started.push(task);
    return `web: instance ${task.id} starts, ${task.ip} port ${task.port}`;
  },
  () => {
    ill = [...cluster.tasks.values()].find(({ app }) => app === 'web')!;
    cluster.setHealthy(ill, false);
    return `web: ${ill.id} (${ill.ip}) is unhealthy: it leaves web.marathon.mesos in 2 s, and stays in all.web.marathon.mesos`;
  },
  () => {
    apis = apis === 2 ? 4 : 2;
    cluster.scale('api', apis);
    return `api: Marathon scales it to ${apis}`;
  },
  () => {
    cluster.changeLeader();
    return `masters: the one at ${cluster.leader.address} leads from now on; nothing is lost`;
  },
  () => {
    cluster.setHealthy(ill!, true);
    return `web: ${ill!.id} (${ill!.ip}) is well again: it comes back in 2 s`;
  },
  () => {
    const task = started.shift()!;
    cluster.end(task);
    return `web: instance ${task.id} ends`;
  },
];

const beats = setInterval(() => cluster.beat(), 5_000);
for (let step = 0; !stopped.signal.aborted; step++) {
  await sleep(EVERY_MS, undefined, { signal: stopped.signal }).catch(() => {});
  if (!stopped.signal.aborted)
    console.log(`${new Date().toISOString().slice(11, 19)}  ${STEPS[step % STEPS.length]!()}`);
}
clearInterval(beats);
if (portolan.exitCode === null) {
  portolan.kill('SIGTERM');
  await new Promise((resolve) => portolan.once('close', resolve));
}
await cluster.stop();
rmSync(folder, { recursive: true });
