// A program: an engine with many containers at a Unix socket, apart from the program that asks it, so that the time of
// the one is not the time of the other. Writes `ready`; when its input ends, how often each path was asked for.
// Arguments: path of the socket, number of containers.
import { DockerEngineStandIn } from './docker-engine.ts';
import { load, many } from './docker-scenario.ts';

const [socket, count] = process.argv.slice(2);
const engine = await DockerEngineStandIn.start({ socket: socket! });
load(engine, []);
for (const container of many(Number(count))) engine.containers.set(String(container.Id), container);
process.stdout.write('ready\n');
process.stdin.resume().on('end', async () => {
  const looks = engine.count(/^\/containers\/[^/]+\/json$/);
  process.stdout.write(`${JSON.stringify({ looks, lists: engine.count('/containers/json') })}\n`);
  await engine.down();
});
