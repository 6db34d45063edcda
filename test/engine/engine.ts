// Real Docker engines for tests, each on a machine of its own (namespaces.ts), joined by a network that leads nowhere else:
//
//   lan 192.168.56.1, fd00:56::1  ──┬── node1 192.168.56.10, fd00:56::10   (dockerd)
//                                   └── node2 192.168.56.11, fd00:56::11   (dockerd)
//
// Nothing of the machine that runs the tests is changed: its interfaces, firewall rules and mounts are not even visible
// from inside, and there is no default route. Images are made on the spot; none is pulled.
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connect, Machine, type Output, PATH } from './namespaces.ts';

const execute = promisify(execFile);

/** Name of the folder of a run under the system's temporary folder, and of its cgroups: this, and the id of the process. */
const PREFIX = 'portolan-engine-';

/** Milliseconds that a daemon may take to answer; it takes about 600 when the machine is idle. */
const START_MS = 30_000;

/** Addresses of the machine outside. */
export const LAN = { ipv4: '192.168.56.1', ipv6: 'fd00:56::1' } as const;

/** A Docker engine on a machine of its own. */
export class Engine {
  readonly machine: Machine;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly #folder: string;
  readonly #options: readonly string[];
  #daemon: ChildProcess | undefined;

  constructor(machine: Machine, ipv4: string, ipv6: string, folder: string, options: readonly string[]) {
    this.machine = machine;
    this.ipv4 = ipv4;
    this.ipv6 = ipv6;
    this.#folder = join(folder, machine.name);
    this.#options = options;
  }

  /** Path of the API's socket; it can be reached from every network namespace. */
  get socket(): string {
    return join(this.#folder, 'docker.sock');
  }

  /** File that the daemon's log is appended to. */
  get log(): string {
    return join(this.#folder, 'log');
  }

  /** Starts the daemon and waits until it answers. @throws Error with its log when it does not */
  async start(cgroup: string): Promise<void> {
    await this.machine.run('mkdir', '-p', this.#folder);
    const log = openSync(this.log, 'a');
    const daemon = this.machine.spawn(
      [
        ...['dockerd', '--data-root', join(this.#folder, 'data'), '--exec-root', join(this.#folder, 'exec')],
        ...['--pidfile', join(this.#folder, 'pid'), '-H', `unix://${this.socket}`, '--cgroup-parent', cgroup],
        ...this.#options,
      ],
      ['ignore', log, log],
    );
    closeSync(log);
    this.#daemon = daemon;
    for (const started = Date.now(); ; await delay(20)) {
      const answers = await this.api('GET', '/_ping').catch(() => undefined);
      if (answers === 'OK') return;
      if (daemon.exitCode !== null || Date.now() - started > START_MS)
        throw new Error(`Cannot start dockerd: it does not answer:\n${readFileSync(this.log, 'utf8').slice(-4_000)}`);
    }
  }

  /** Ends the daemon alone, as a crash (SIGKILL) or an update (SIGTERM) does; with live-restore the containers go on. */
  async endDaemon(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const daemon = this.#daemon;
    if (!daemon) return;
    this.#daemon = undefined;
    const ended = once(daemon, 'close');
    // nsenter forks to enter the process namespace, so the daemon is signalled where its own number is known.
    await this.machine.run(
      'kill',
      signal === 'SIGKILL' ? '-9' : '-15',
      readFileSync(join(this.#folder, 'pid'), 'latin1'),
    );
    await ended;
  }

  /**
   * Runs `docker ARGS` and returns its standard output without the final newline.
   * @throws Error with its output when it fails
   */
  async docker(...args: readonly string[]): Promise<string> {
    const { stdout } = await this.cli('docker', ...args);
    return stdout.trimEnd();
  }

  /** Runs a program that talks to this engine, on the test's own machine. */
  async cli(program: string, ...args: readonly string[]): Promise<Output> {
    // Without BuildKit, which is a program of its own; and with no settings of the user's.
    const env = { PATH, HOME: this.#folder, DOCKER_HOST: `unix://${this.socket}`, DOCKER_BUILDKIT: '0' };
    return execute(program, args, { env, maxBuffer: 64 << 20 });
  }

  /**
   * Asks the Engine API.
   * @returns the JSON of the answer; its text when it is no JSON
   * @throws Error with the engine's message when the status is 400 or more
   */
  async api(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const outgoing = request({ socketPath: this.socket, method, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        if ((answer.statusCode ?? 500) >= 400)
          reject(new Error(`${method} ${path}: ${answer.statusCode} ${text.trim()}`));
        else resolve(/^[[{]/.test(text) ? JSON.parse(text) : text);
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }

  /** Makes an image of a tar archive of its root file system. `changes`: Dockerfile instructions such as `CMD ["/bin/sh"]`. */
  async importImage(tarball: string, name: string, changes: readonly string[]): Promise<void> {
    await this.docker('import', ...changes.flatMap((change) => ['-c', change]), tarball, name);
  }
}

/** What a laboratory is made of. */
export interface LabOptions {
  /** Engines, 1 when absent. */
  readonly nodes?: 1 | 2;
  /** More options of dockerd. */
  readonly daemon?: readonly string[];
}

/** Engines and a machine outside, on one network. */
export class Lab {
  /** A machine on the same network that runs no engine. */
  readonly lan: Machine;
  readonly engines: readonly Engine[];
  /** For files of the test; removed at the end. */
  readonly folder: string;
  readonly #cgroup: string;

  private constructor(lan: Machine, engines: readonly Engine[], folder: string, cgroup: string) {
    this.lan = lan;
    this.engines = engines;
    this.folder = folder;
    this.#cgroup = cgroup;
  }

  get engine(): Engine {
    return this.engines[0]!;
  }

  /** @throws Error when the machines or the daemons cannot be had; nothing is left behind then */
  static async start({ nodes = 1, daemon = [] }: LabOptions = {}): Promise<Lab> {
    removeLeftovers();
    const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
    const cgroup = folder.slice(folder.lastIndexOf('/') + 1);
    const machines: Machine[] = [];
    try {
      const lan = await Machine.start('lan');
      machines.push(lan);
      await lan.run('ip', 'link', 'add', 'lan', 'type', 'bridge');
      await lan.run('ip', 'address', 'add', `${LAN.ipv4}/24`, 'dev', 'lan');
      await lan.run('ip', 'address', 'add', `${LAN.ipv6}/64`, 'dev', 'lan', 'nodad');
      await lan.run('ip', 'link', 'set', 'lan', 'up');
      const engines: Engine[] = [];
      for (let number = 1; number <= nodes; number++) {
        const machine = await Machine.start(`node${number}`);
        machines.push(machine);
        const [ipv4, ipv6] = [`192.168.56.${9 + number}`, `fd00:56::${9 + number}`];
        const port = `node${number}`;
        await connect(
          { machine: lan, device: port, addresses: [] },
          { machine, device: 'eth0', addresses: [`${ipv4}/24`, `${ipv6}/64`] },
        );
        await lan.run('ip', 'link', 'set', port, 'master', 'lan');
        engines.push(new Engine(machine, ipv4, ipv6, folder, daemon));
      }
      await Promise.all(engines.map((engine) => engine.start(cgroup)));
      return new Lab(lan, engines, folder, cgroup);
    } catch (error) {
      await Promise.all(machines.map((machine) => machine.stop()));
      remove(folder, cgroup);
      throw error;
    }
  }

  /** Starts the daemon of an engine that has ended. */
  async startDaemon(engine: Engine): Promise<void> {
    await engine.start(this.#cgroup);
  }

  /** Ends all engines with their containers, and removes everything. */
  async stop(): Promise<void> {
    await Promise.all([...this.engines.map(({ machine }) => machine), this.lan].map((machine) => machine.stop()));
    remove(this.folder, this.#cgroup);
  }
}

const CGROUPS = '/sys/fs/cgroup';

/** Removes the files and the cgroups of a run; its processes and mounts have ended with its machines. */
function remove(folder: string, cgroup: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const controller of ['', ...readdirSync(CGROUPS)]) {
    const top = join(CGROUPS, controller, cgroup);
    if (existsSync(top)) removeCgroup(top);
  }
}

/** A group goes when the ones below it have gone; one whose last process is still being reaped goes with the next run. */
function removeCgroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  try {
    rmdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
  }
}

/** Removes what runs left behind that were killed: folders whose process has ended. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) remove(join(tmpdir(), name), name);
  }
}
