// The comparison: Portolan, NSD, Knot DNS and the floor answer the same questions about the same zone, in turns.
import { startFloor } from './floor.ts';
import { askEvenly } from './latency.ts';
import { type Answered, ask, type Load, TCP_LOAD, UDP_LOAD } from './load.ts';
import { place } from './machine.ts';
import { startKnot, startNsd } from './peers.ts';
import { startPortolan } from './portolan.ts';
import { memory, processTree } from './process.ts';
import type { Bench, Claim, Result, Scenario } from './scenario.ts';
import type { Server, StartOptions } from './server.ts';
import { medianLatencies, type Spread, spread } from './statistics.ts';
import { figure, ratioText, spreadText } from './table.ts';
import { type Mix, writeQueries, writeZone, type ZoneOnDisk } from './zone.ts';

/** Every name, one in ten questions for nothing. */
const ALL_NAMES: Mix = { names: 100_000, missing: 0.1 };

interface Setting {
  readonly name: string;
  readonly title: string;
  readonly mix: Mix;
  readonly workers: number;
  readonly load: Omit<Load, 'queries' | 'cores'>;
  /** At most so many times the better of the peers, and so many times the floor. */
  readonly promised?: { readonly peer: number; readonly floor?: number };
}

const SETTINGS: readonly Setting[] = [
  {
    name: 'udp-mix',
    title: 'UDP, EDNS, 100,000 names at random, 10 % NXDOMAIN',
    mix: ALL_NAMES,
    workers: 1,
    load: UDP_LOAD,
    promised: { peer: 0.8, floor: 1.5 },
  },
  {
    name: 'udp-clients',
    title: 'UDP as above, from 40 sockets: replies to one of them seldom go together',
    mix: ALL_NAMES,
    workers: 1,
    load: { ...UDP_LOAD, clients: 40 },
    promised: { peer: 0.8, floor: 1.5 },
  },
  {
    name: 'udp-found',
    title: 'UDP, EDNS, 100,000 names at random, no NXDOMAIN',
    mix: { ...ALL_NAMES, missing: 0 },
    workers: 1,
    load: UDP_LOAD,
  },
  {
    name: 'udp-hot',
    title: 'UDP, EDNS, 1,000 names, no NXDOMAIN',
    mix: { names: 1_000, missing: 0 },
    workers: 1,
    load: UDP_LOAD,
  },
  {
    name: 'udp-plain',
    title: 'UDP without EDNS, 100,000 names at random, 10 % NXDOMAIN',
    mix: ALL_NAMES,
    workers: 1,
    load: { ...UDP_LOAD, edns: false },
  },
  {
    name: 'udp-2',
    title: 'UDP, EDNS, 100,000 names at random, 10 % NXDOMAIN, 2 workers',
    mix: ALL_NAMES,
    workers: 2,
    load: { ...UDP_LOAD, clients: 40 },
  },
  {
    name: 'tcp',
    title: 'TCP, EDNS, 20 connections with 20 queries each on their way, 100,000 names at random, 10 % NXDOMAIN',
    mix: ALL_NAMES,
    workers: 1,
    load: TCP_LOAD,
    promised: { peer: 1.5 },
  },
  {
    name: 'tcp-2',
    title: 'TCP as above, 2 workers',
    mix: ALL_NAMES,
    workers: 2,
    load: TCP_LOAD,
  },
];

export const STEADY: readonly Scenario[] = SETTINGS.map((setting) => ({
  name: setting.name,
  title: setting.title,
  run: (bench) => compare(setting, bench),
}));

const PEERS: readonly string[] = ['NSD', 'Knot'];

/** What the turns of one server gave. */
interface Record {
  readonly loaded: Answered[];
  readonly paced: Answered[];
  /** MiB. */
  resident: number;
}

async function compare(setting: Setting, bench: Bench): Promise<Result> {
  const zone = writeZone(bench.folder);
  const { server: serverCores, load: cores } = place(setting.workers);
  const load: Load = { ...setting.load, queries: writeQueries(bench.folder, setting.name, setting.mix), cores };
  const options = { folder: bench.folder, cores: serverCores, workers: setting.workers };
  const servers = await startAll(zone, options, load);
  try {
    const records = await takeTurns(servers, load, bench);
    return report(setting, records);
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** All of them stay up: a server that is not asked takes no processor time. */
async function startAll(zone: ZoneOnDisk, options: StartOptions, { transport }: Load): Promise<Server[]> {
  const servers: Server[] = [];
  try {
    servers.push(await startPortolan({ zones: zone.folder, probe: zone.probe }, options));
    servers.push(await startNsd(zone, options));
    servers.push(await startKnot(zone, options));
    servers.push(await startFloor(transport, options));
    return servers;
  } catch (error) {
    for (const server of servers) await server.stop();
    throw error;
  }
}

async function takeTurns(servers: readonly Server[], load: Load, bench: Bench): Promise<Map<string, Record>> {
  const { turns, seconds, folder, say } = bench;
  const records = new Map<string, Record>();
  for (const server of servers) {
    // Code is compiled and caches are filled before anything counts; the same for all.
    await ask(server.pid, server.port, load, { seconds: Math.min(2, seconds), folder });
    records.set(server.name, { loaded: [], paced: [], resident: 0 });
  }
  for (let turn = 0; turn < turns; turn++) {
    // Each turn begins with another server, so that none always follows the same one.
    for (let i = 0; i < servers.length; i++) {
      const server = servers[(turn + i) % servers.length]!;
      const record = records.get(server.name)!;
      const loaded = await ask(server.pid, server.port, load, { seconds, folder });
      const paced = await askEvenly(server.pid, server.port, load, { seconds: Math.max(1, seconds / 2), folder });
      record.loaded.push(loaded);
      record.paced.push(paced);
      record.resident = memory(processTree(server.pid)).resident;
      say(`turn ${turn + 1}: ${server.name}: ${figure(loaded.perSecond)} q/s, ${figure(loaded.cost)} µs a query`);
    }
  }
  return records;
}

function report(setting: Setting, records: Map<string, Record>): Result {
  const costs = new Map([...records].map(([name, { loaded }]) => [name, spread(loaded.map(({ cost }) => cost))]));
  const better = Math.min(...PEERS.map((name) => costs.get(name)!.median));
  const floor = costs.get('C echo')!.median;
  const table = {
    title: setting.title,
    head: [
      'server',
      'µs/query',
      'x better peer',
      'x floor',
      'q/s',
      'lost %',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'RSS MiB',
    ],
    rows: [...records].map(([name, { loaded, paced, resident }]) => {
      const cost = costs.get(name)!;
      const { p50, p99, p999 } = medianLatencies(paced.map(({ latencies }) => latencies!));
      return [
        name,
        spreadText(cost),
        ratioText(cost.median / better),
        ratioText(cost.median / floor),
        figure(spread(loaded.map(({ perSecond }) => perSecond)).median),
        figure(spread(loaded.map(({ lost }) => lost * 100)).median),
        ...[p50, p99, p999].map((value) => value.toFixed(3)),
        figure(resident),
      ];
    }),
  };
  return { tables: [table], claims: claimsOf(setting, costs, better, floor) };
}

function claimsOf(
  { name, promised }: Setting,
  costs: ReadonlyMap<string, Spread>,
  better: number,
  floor: number,
): Claim[] {
  if (!promised) return [];
  const { median } = costs.get('Portolan')!;
  const claims: Claim[] = [
    {
      what: `${name}: µs/query, of the better of NSD and Knot`,
      limit: promised.peer,
      measured: median / better,
      unit: 'x',
    },
  ];
  if (promised.floor !== undefined)
    claims.push({
      what: `${name}: µs/query, of the C echo`,
      limit: promised.floor,
      measured: median / floor,
      unit: 'x',
    });
  return claims;
}
