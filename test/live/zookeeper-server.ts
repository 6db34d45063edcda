// A real ZooKeeper (Debian's package) on loopback with a data folder of its own, and a client that puts masters into it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zookeeper from 'node-zookeeper-client';
import { freePort } from './free-port.ts';

/** Where Debian's package libzookeeper-java, which zookeeper needs, has the program. */
const JAR = '/usr/share/java/zookeeper.jar';

/** Milliseconds of ZooKeeper's clock; the shortest session that it grants is twice that. */
const TICK_MS = 100;

export class ZooKeeperServer {
  readonly port: number;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  static async start(): Promise<ZooKeeperServer> {
    const folder = mkdtempSync(join(tmpdir(), 'zookeeper-'));
    const server = new ZooKeeperServer(await freePort(), folder);
    const settings = [
      `dataDir=${folder}`,
      'clientPortAddress=127.0.0.1',
      `clientPort=${server.port}`,
      `tickTime=${TICK_MS}`,
      'admin.enableServer=false',
      '4lw.commands.whitelist=srvr',
    ];
    writeFileSync(join(folder, 'zoo.cfg'), `${settings.join('\n')}\n`);
    await server.up();
    return server;
  }

  /** Starts it (again, on the same data); resolves once it serves. */
  async up(): Promise<void> {
    const main = 'org.apache.zookeeper.server.ZooKeeperServerMain';
    const child = spawn('java', ['-Xmx128m', '-cp', JAR, main, join(this.#folder, 'zoo.cfg')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    process.once('exit', () => child.kill('SIGKILL'));
    let text = '';
    child.stderr!.on('data', (chunk) => {
      text += chunk;
    });
    while (!(await isServing(this.port))) {
      if (child.exitCode !== null) throw new Error(`ZooKeeper ended with ${child.exitCode}:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it without a farewell, as a lost machine does. */
  async down(): Promise<void> {
    const child = this.#child!;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** It stays there and says nothing, until `wake`. */
  sleep(): void {
    this.#child!.kill('SIGSTOP');
  }

  wake(): void {
    this.#child!.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.down();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Asks by the command `srvr`: a server that is still starting takes connections and says nothing on them. */
function isServing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('srvr'));
    let answer = '';
    socket.setTimeout(500, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer.startsWith('Zookeeper version')));
  });
}

/** Writes the nodes of an election. */
export class Election {
  #client!: zookeeper.Client;
  readonly #port: number;
  readonly #path: string;
  readonly #login: string | undefined;
  readonly #acl: zookeeper.ACL[] | undefined;

  /** @param login `user:password` that alone may read */
  constructor(port: number, path: string, login?: string) {
    this.#port = port;
    this.#path = path;
    this.#login = login;
    if (login !== undefined) this.#acl = [new zookeeper.ACL(zookeeper.Permission.ALL, new zookeeper.Id('auth', ''))];
  }

  /** Connects, anew if it was connected before: the library's client does not survive every restart of its server. */
  async connect(): Promise<void> {
    this.#client?.close();
    const client = zookeeper.createClient(`127.0.0.1:${this.#port}`, { sessionTimeout: 30_000, retries: 5 });
    this.#client = client;
    if (this.#login !== undefined) client.addAuthInfo('digest', Buffer.from(this.#login));
    // What is asked before it is connected goes out before the login.
    await new Promise<void>((resolve) => {
      client.once('connected', resolve);
      client.connect();
    });
  }

  /** Connects and makes the place of the election. */
  async open(): Promise<void> {
    await this.connect();
    await this.#create(this.#path, Buffer.alloc(0), zookeeper.CreateMode.PERSISTENT);
  }

  /** @param kind `json.info_` or `info_` @returns the path of the node, its number at the end */
  add(kind: 'json.info_' | 'info_' | 'log_replicas', data: Buffer): Promise<string> {
    return this.#create(`${this.#path}/${kind}`, data, zookeeper.CreateMode.PERSISTENT_SEQUENTIAL);
  }

  remove(node: string): Promise<void> {
    return new Promise((resolve, reject) => this.#client.remove(node, (error) => (error ? reject(error) : resolve())));
  }

  close(): void {
    this.#client?.close();
  }

  #create(path: string, data: Buffer, mode: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | zookeeper.Exception | null, made: string) => (error ? reject(error) : resolve(made));
      if (this.#acl) this.#client.create(path, data, this.#acl, mode, done);
      else this.#client.create(path, data, mode, done);
    });
  }
}
