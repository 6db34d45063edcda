// States of Mesos masters of any size on disk, made by test/sources/generate-state.ts, and questions about their tasks.
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateState, random } from '../../test/sources/generate-state.ts';

/** Tasks in one document. More are a folder of several, as of several clusters: one text cannot hold a million tasks. */
const TASKS_IN_FILE = 50_000;

/** As in the generator: tasks of an application, and the share of the tasks that are Marathon's. */
const INSTANCES = 10;
const MARATHON = 0.95;
const GROUPS = ['prod', 'stage', 'dev'];

export interface StateOnDisk {
  /** A file, or a folder of files. */
  readonly path: string;
  readonly tasks: number;
  readonly octets: number;
  /** A name that has addresses. */
  readonly probe: string;
}

/** Writes a state, unless it is there from another scenario. */
export function writeState(parent: string, tasks: number): StateOnDisk {
  const name = join(parent, `state-${tasks}`);
  const isFolder = tasks > TASKS_IN_FILE;
  const path = isFolder ? name : `${name}.json`;
  if (isFolder) mkdirSync(path, { recursive: true });
  let octets = 0;
  for (let part = 0; part * TASKS_IN_FILE < tasks; part++) {
    const file = isFolder ? join(path, `${String(part).padStart(2, '0')}.json`) : path;
    if (!existsSync(file)) {
      const document = generateState({ tasks: Math.min(TASKS_IN_FILE, tasks - part * TASKS_IN_FILE), seed: 1 + part });
      writeFileSync(file, part === 0 ? document : asPart(document, part));
    }
    octets += statSync(file).size;
  }
  return { path, tasks, octets, probe: `${nameOf(0)}.marathon.mesos` };
}

/** The same document with applications, agents and addresses of its own. */
function asPart(document: Buffer, part: number): Buffer {
  const text = document
    .toString('latin1')
    .replaceAll('svc-', `${prefixOf(part)}svc-`)
    .replaceAll('"9.0.', `"9.${part}.`)
    .replaceAll('10.1.', `10.${1 + part}.`)
    .replaceAll(/(-\d{12})-S(?=\d)/g, `$1-P${part}S`);
  return Buffer.from(text, 'latin1');
}

function prefixOf(part: number): string {
  return part === 0 ? '' : `p${part}-`;
}

/** The state of a cluster in which a hundred of 50,000 tasks have got other addresses. */
export function slightlyChanged(document: Buffer): Buffer {
  return Buffer.from(document.toString('latin1').replaceAll('"9.0.7.', '"9.200.7.'), 'latin1');
}

/** Name of an application, as its tasks have it. @param app 0 up, over all documents */
function nameOf(app: number): string {
  const perFile = TASKS_IN_FILE / INSTANCES;
  const within = app % perFile;
  return `${prefixOf(Math.floor(app / perFile))}svc-${within}.${GROUPS[within % GROUPS.length]}`;
}

const QUESTIONS = 200_000;

/**
 * Writes questions about the tasks of a state for dnsperf: addresses, services by name and by port name, names that do
 * not exist. The names are Mesos-DNS's, so it can be asked the same.
 * @param apps how many different applications are asked for, at most
 * @returns the file
 */
export function writeTaskQueries(parent: string, { tasks }: StateOnDisk, apps = 5_000): string {
  const next = random(13);
  // Applications that are wholly Marathon's, in each document.
  const known: number[] = [];
  for (let first = 0; first < tasks; first += TASKS_IN_FILE) {
    const inFile = Math.floor((Math.min(TASKS_IN_FILE, tasks - first) * MARATHON) / INSTANCES);
    for (let app = 0; app < inFile; app++) known.push(first / INSTANCES + app);
  }
  const asked = Array.from({ length: Math.min(apps, known.length) }, () => known[Math.floor(next() * known.length)]!);
  const lines: string[] = [];
  for (let i = 0; i < QUESTIONS; i++) {
    const dotted = nameOf(asked[Math.floor(next() * asked.length)]!);
    const label = dotted.replace('.', '-');
    const draw = next();
    if (draw < 0.3) lines.push(`${dotted}.marathon.mesos A`);
    else if (draw < 0.5) lines.push(`${label}.marathon.mesos A`);
    else if (draw < 0.6) lines.push(`${label}.marathon.mesos AAAA`);
    else if (draw < 0.75) lines.push(`_${label}._tcp.marathon.mesos SRV`);
    else if (draw < 0.9) lines.push(`_http._${label}._tcp.marathon.mesos SRV`);
    else lines.push(`gone-${Math.floor(next() * 1e9)}.marathon.mesos A`);
  }
  const file = join(parent, `tasks-${tasks}.queries`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
