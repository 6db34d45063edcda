// What a Marathon answers, read whole: apps with their tasks, pods, and who it is in Mesos. Any of its nodes will do, since
// each sends to the leader. Answers that say what the last ones said are not taken apart again.
import { hash } from 'node:crypto';
import type { Cluster } from '../model/cluster.ts';
import { taskKey } from '../model/task.ts';
import { sleep } from './backoff.ts';
import { objectOf, textOf } from './fields.ts';
import type { HostNames } from './host-names.ts';
import type { HttpAnswer, HttpClient } from './http.ts';
import { HttpError } from './http.ts';
import { JsonError, parseJson } from './json.ts';
import type { MarathonAppsOptions } from './marathon-apps.ts';
import { readMarathonApps } from './marathon-apps.ts';
import { readMarathonPods } from './marathon-pods.ts';
import type { Reading } from './reading.ts';

export interface MarathonReaderOptions {
  readonly client: HttpClient;
  /** Base URLs of the nodes, without a slash at the end. */
  readonly urls: readonly string[];
  /** Name of the framework; what Marathon says itself when absent. */
  readonly framework: string | undefined;
  readonly hosts: HostNames;
  /** Milliseconds that a reading waits for the addresses of agents that are named for the first time. */
  readonly lookUpMs: number;
}

const PATHS = {
  apps: '/v2/apps?embed=apps.tasks&embed=apps.readiness',
  pods: '/v2/pods/::status',
  info: '/v2/info',
} as const;

/** The framework as Marathon itself knows it. */
type Identity = Pick<MarathonAppsOptions, 'framework' | 'frameworkId'>;

/** What one node answered. */
interface Answers {
  readonly apps: HttpAnswer;
  /** Absent before Marathon 1.4. */
  readonly pods: HttpAnswer | undefined;
  readonly identity: Identity;
}

/** The answers' bodies, parsed. */
interface Documents {
  readonly apps: unknown;
  readonly pods: unknown;
}

export class MarathonReader {
  readonly #options: MarathonReaderOptions;
  /** Which of the URLs answered last. */
  #current = 0;
  #identity: Identity | undefined;
  #hasPods = false;
  /** Of the answers that were taken last. */
  #digest: string | undefined;
  #last: Cluster | undefined;
  #isSettling = false;

  constructor(options: MarathonReaderOptions) {
    this.#options = options;
  }

  /**
   * Has the next answers taken apart even if they are the same, because host names have other addresses now.
   * @returns whether a new reading is wanted; one that waits for the addresses itself has them
   */
  hostsChanged(): boolean {
    if (this.#isSettling) return false;
    this.#digest = undefined;
    return true;
  }

  /**
   * @returns undefined when the answers are those of the last time
   * @throws Error when no node gives what can be read
   */
  async read(stop: AbortSignal): Promise<Reading | undefined> {
    const { apps, pods, identity } = await this.#ask(stop);
    const bodies = [apps, pods].map((answer) => (answer ? hash('sha256', answer.body, 'base64') : ''));
    const digest = JSON.stringify([bodies, identity]);
    if (this.#digest === digest) return undefined;
    const documents: Documents = { apps: documentOf(apps), pods: pods && documentOf(pods) };
    let reading = this.#interpret(documents, identity);
    // That look at the documents has asked for the names of agents that are new.
    if (await this.#haveHostsSettled(stop)) reading = this.#interpret(documents, identity);
    stop.throwIfAborted();
    this.#digest = digest;
    this.#last = reading.cluster;
    return reading;
  }

  /** Asks the node that answered last, then the others. */
  async #ask(stop: AbortSignal): Promise<Answers> {
    const { client, urls } = this.#options;
    const failures: string[] = [];
    for (let i = 0; i < urls.length; i++) {
      const at = (this.#current + i) % urls.length;
      const url = urls[at]!;
      try {
        // One after the other: the answers are work for Marathon, and the first tells whether it is there.
        const apps = await client.read(url + PATHS.apps, { signal: stop });
        const pods = await this.#askForPods(url, stop);
        const identity = await this.#identify(url, stop);
        this.#current = at;
        return { apps, pods, identity };
      } catch (error) {
        stop.throwIfAborted();
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
    throw new Error(failures.join('; '));
  }

  async #askForPods(url: string, signal: AbortSignal): Promise<HttpAnswer | undefined> {
    try {
      const answer = await this.#options.client.read(url + PATHS.pods, { signal });
      this.#hasPods = true;
      return answer;
    } catch (error) {
      if (error instanceof HttpError && error.status === 404 && !this.#hasPods) return undefined;
      throw error;
    }
  }

  async #identify(url: string, signal: AbortSignal): Promise<Identity> {
    const { framework } = this.#options;
    if (framework !== undefined) return { framework };
    try {
      const info = objectOf(documentOf(await this.#options.client.read(url + PATHS.info, { signal })));
      this.#identity = {
        framework: textOf(objectOf(info.marathon_config).framework_name),
        frameworkId: textOf(info.frameworkId),
      };
    } catch (error) {
      const isWithheld = error instanceof HttpError && (error.status === 403 || error.status === 404);
      if (!this.#identity && !isWithheld) throw error;
    }
    return this.#identity ?? {};
  }

  #interpret(documents: Documents, identity: Identity): Reading {
    let health: Map<string, boolean | undefined> | undefined;
    const options: MarathonAppsOptions = {
      ...identity,
      resolve: this.#options.hosts.resolve,
      wasHealthy: (key) => {
        health ??= new Map(this.#last?.tasks.map((task) => [taskKey(task), task.healthy]));
        return health.get(key);
      },
    };
    const apps = explained(PATHS.apps, () => readMarathonApps(documents.apps, options));
    const pods =
      documents.pods === undefined ? undefined : explained(PATHS.pods, () => readMarathonPods(documents.pods, options));
    const agents = new Map([...apps.cluster.agents, ...(pods?.cluster.agents ?? [])].map((agent) => [agent.id, agent]));
    const problems = [...apps.problems, ...(pods?.problems ?? [])];
    if (identity.framework === undefined)
      problems.push({
        where: PATHS.info,
        why: 'does not tell the name of the framework; "marathon" is used, set framework if it is another',
      });
    return {
      cluster: {
        tasks: [...apps.cluster.tasks, ...(pods?.cluster.tasks ?? [])],
        agents: [...agents.values()],
        frameworks: apps.cluster.frameworks,
      },
      problems,
    };
  }

  /** @returns whether there were names to be looked up; they have addresses now, or it took too long */
  async #haveHostsSettled(stop: AbortSignal): Promise<boolean> {
    const { hosts, lookUpMs } = this.#options;
    const settled = hosts.settled();
    if (!settled) return false;
    const enough = new AbortController();
    this.#isSettling = true;
    await Promise.race([settled, sleep(lookUpMs, AbortSignal.any([stop, enough.signal]))]);
    this.#isSettling = false;
    enough.abort();
    return true;
  }
}

/** @throws Error that names the answer's URL and, within it, line and column */
function documentOf({ body, url }: HttpAnswer): unknown {
  return explained(url.origin + url.pathname, () => parseJson(body.toString('utf8')));
}

function explained<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof JsonError || cause instanceof TypeError)
      throw new Error(`Cannot read ${place}: ${cause.message}`, { cause });
    throw cause;
  }
}
