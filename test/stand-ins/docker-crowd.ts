// A program: an engine with many containers at a Unix socket, apart from the program that asks it, so that the time of
// the one is not the time of the other; for the same reason it is as warm as an engine that has run for a while. Writes
// `ready`, then `asked T` when it is first asked (milliseconds since 1970). Lines of its input make things happen:
// `run NAME`, `sick ID`, `die ID`. When its input ends, it writes how often containers were looked at and listed.
// Arguments: path of the socket, number of containers.
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';
import { DockerEngineStandIn } from './docker-engine.ts';
import { container, load, many, Scenario } from './docker-scenario.ts';

const [socket, count] = process.argv.slice(2);
const engine = await DockerEngineStandIn.start({ socket: socket! });
const scenario = new Scenario(engine);
load(engine, []);
for (const each of many(Number(count))) engine.containers.set(String(each.Id), each);
engine.prepare();
await warm();
process.stdout.write('ready\n');
void engine.until(() => engine.requests.length > 0).then(() => process.stdout.write(`asked ${Date.now()}\n`));
for await (const line of createInterface({ input: process.stdin })) {
  const [what, which = ''] = line.split(' ');
  if (what === 'run') scenario.run(container(which));
  else if (what === 'sick') scenario.health(which, 'unhealthy');
  else scenario.die(which);
}
const looks = engine.count(/^\/containers\/[^/]+\/json$/);
process.stdout.write(`${JSON.stringify({ looks, lists: engine.count('/containers/json') })}\n`);
await engine.down();

/** Asks itself for the list and for each container, which counts for nothing. */
async function warm(): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const ask = (path: string) =>
    new Promise<void>((resolve, reject) => {
      get({ socketPath: socket!, path, agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
    });
  await ask('/containers/json');
  for (const id of engine.containers.keys()) await ask(`/containers/${id}/json`);
  agent.destroy();
  engine.requests.length = 0;
  engine.urls.length = 0;
}
