// Machines made of Linux namespaces: each has a network, a host name, mounts and processes of its own, and is held by one
// process. When that process ends, everything inside ends with it: daemons, containers, interfaces, firewall rules, mounts.
// It ends with the test at the latest (parent death signal), so a run that fails or is killed leaves no machine behind.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** First in a new machine: /etc/docker is a place of its own, and orphans are waited for as an init does. */
const INIT =
  'hostname "$0"; mkdir -p /etc/docker; mount -t tmpfs tmpfs /etc/docker; echo ready; while :; do sleep 3600; done';

/** Name servers and container engines live in sbin, which is not on everybody's PATH; the packaged Docker client goes first. */
export const PATH = `/usr/sbin:/usr/bin:/sbin:/bin:${process.env.PATH}`;

/** Output of a program that ended well. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export class Machine {
  readonly name: string;
  /** Process that holds the namespaces, as this machine's parent numbers it. */
  readonly pid: number;
  readonly #holder: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(name: string, holder: ChildProcess, pid: number) {
    this.name = name;
    this.pid = pid;
    this.#holder = holder;
    this.#ended = new Promise((resolve) => holder.once('close', () => resolve()));
  }

  /**
   * Makes a machine with loopback and no other interface.
   * @throws Error when the kernel or the user's rights refuse; the message says what is needed
   */
  static async start(name: string): Promise<Machine> {
    const holder = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', 'unshare', '--net', '--uts', '--mount', '--pid', '--fork', '--kill-child=KILL'],
        ...['--mount-proc', 'sh', '-c', INIT, name],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH } },
    );
    let complaint = '';
    holder.stderr.on('data', (chunk) => {
      complaint += chunk;
    });
    await new Promise<void>((resolve, reject) => {
      const refuse = (why: string): void =>
        reject(new Error(`Cannot make a machine of namespaces: ${why.trim()}; engine tests need root on Linux`));
      holder.once('error', (error) => refuse(error.message));
      holder.once('close', (status) => refuse(`status ${status}: ${complaint}`));
      holder.stdout.once('data', () => resolve());
    });
    const child = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'latin1').trim();
    const machine = new Machine(name, holder, Number(child));
    await machine.run('ip', 'link', 'set', 'lo', 'up');
    return machine;
  }

  /** The command line that runs a program on this machine. */
  command(...words: readonly string[]): readonly [string, ...string[]] {
    return ['nsenter', '--target', String(this.pid), '--net', '--uts', '--mount', '--pid', '--', ...words];
  }

  /**
   * Runs a program here to its end.
   * @throws Error with its output when it ends with another status than 0
   */
  async run(...words: readonly string[]): Promise<Output> {
    const [program, ...args] = this.command(...words);
    return execute(program, args, { maxBuffer: 64 << 20, env: { ...process.env, PATH } });
  }

  /** Starts a program here; it ends with this process at the latest. */
  spawn(words: readonly string[], stdio: ['ignore' | 'pipe', 'pipe' | number, 'pipe' | number]): ChildProcess {
    const [program, ...args] = this.command(...words);
    return spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], { stdio, env: { ...process.env, PATH } });
  }

  /**
   * Starts a program that has this machine's network and host name, and the file system and processes of the tests: it can
   * be signalled like any child. It ends with this process at the latest.
   */
  spawnBeside(words: readonly string[]): ChildProcess {
    const enter = ['nsenter', '--target', String(this.pid), '--net', '--uts', '--'];
    const env = { ...process.env, PATH };
    return spawn('setpriv', ['--pdeathsig', 'KILL', ...enter, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env });
  }

  /** Ends everything that runs here, and the machine. */
  async stop(): Promise<void> {
    this.#holder.kill('SIGKILL');
    await this.#ended;
  }
}

/** Connects two machines by a cable: an interface of the given name on each, up, with the given addresses. */
export async function connect(
  a: { readonly machine: Machine; readonly device: string; readonly addresses: readonly string[] },
  b: { readonly machine: Machine; readonly device: string; readonly addresses: readonly string[] },
): Promise<void> {
  await execute(
    'ip',
    [
      ...['link', 'add', a.device, 'netns', String(a.machine.pid), 'type', 'veth'],
      ...['peer', 'name', b.device, 'netns', String(b.machine.pid)],
    ],
    { env: { ...process.env, PATH } },
  );
  for (const { machine, device, addresses } of [a, b]) {
    for (const address of addresses)
      await machine.run('ip', 'address', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
    await machine.run('ip', 'link', 'set', device, 'up');
  }
}
