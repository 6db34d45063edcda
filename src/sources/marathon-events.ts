// Marathon's event stream (/v2/events, server-sent events of the HTML standard, 9.2), followed for as long as the source
// runs. Events arrive in any order and do not say everything, so each is but a hint that something changed.
import { createParser } from 'eventsource-parser';
import { Backoff, sleep } from './backoff.ts';
import type { HttpClient } from './http.ts';

/** What tells that tasks, their health or their apps changed; others are not asked for. */
const HINTS: ReadonlySet<string> = new Set([
  'event_stream_attached',
  'status_update_event',
  'instance_changed_event',
  'instance_health_changed_event',
  'health_status_changed_event',
  'unknown_instance_terminated_event',
  'api_post_event',
  'app_terminated_event',
  'pod_created_event',
  'pod_updated_event',
  'pod_deleted_event',
  'group_change_success',
  'deployment_success',
  'deployment_failed',
]);

/** In milliseconds. */
export interface EventTimes {
  /** A stream on which nothing came for so long is taken for dead, and opened again at once. */
  readonly idleMs: number;
  /** Before the first new attempt, at most. */
  readonly firstRetryMs: number;
  /** Before any attempt, at most. */
  readonly lastRetryMs: number;
  /** A stream that lived so long makes failures before it forgotten. */
  readonly settledMs: number;
}

/** Marathon-LB's numbers. */
export const EVENT_TIMES: EventTimes = {
  idleMs: 300_000,
  firstRetryMs: 1_000,
  lastRetryMs: 300_000,
  settledMs: 600_000,
};

/** Characters of the largest event that is taken; light events have some hundred. */
const MAX_EVENT = 16 * 2 ** 20;

export interface MarathonEventsOptions {
  readonly client: HttpClient;
  /** Base URLs of the nodes, without a slash at the end; tried in turn. */
  readonly urls: readonly string[];
  /** Something changed, or may have while no stream was open. */
  readonly onHint: () => void;
  readonly onAttached: () => void;
  /** The stream is gone, or cannot be had; told of every attempt. */
  readonly onLost: (why: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  readonly times: EventTimes;
}

export class MarathonEvents {
  readonly #options: MarathonEventsOptions;
  readonly #stop = new AbortController();
  #following: Promise<void> | undefined;

  constructor(options: MarathonEventsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#following = this.#follow(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { urls, now, onLost, times } = this.#options;
    const { firstRetryMs, lastRetryMs, settledMs } = times;
    const backoff = new Backoff({ firstMs: firstRetryMs, maxMs: lastRetryMs, settledMs, now });
    for (let next = 0; !signal.aborted; ) {
      const why = await this.#attach(urls[next % urls.length]!, backoff, signal);
      if (signal.aborted) return;
      onLost(why);
      // A stream that fell silent was good until then.
      if (why === SILENT) continue;
      next++;
      await sleep(backoff.failed(), signal);
    }
  }

  /** Reads one stream to its end. @returns why it ended */
  async #attach(url: string, backoff: Backoff, signal: AbortSignal): Promise<string> {
    const { client, onHint, onAttached, times } = this.#options;
    const silence = new AbortController();
    const watchdog = setTimeout(() => silence.abort(), times.idleMs);
    let fault: string | undefined;
    const parser = createParser({
      maxBufferSize: MAX_EVENT,
      onEvent: ({ event }) => {
        if (event !== undefined && HINTS.has(event)) onHint();
      },
      onError: ({ type, message }) => {
        // A line that is none costs only itself (9.2.6).
        if (type === 'max-buffer-size-exceeded') fault = message;
      },
    });
    try {
      const { body, headers } = await client.stream(`${url}/v2/events?${query()}`, {
        headers: { accept: 'text/event-stream' },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (!String(headers['content-type']).startsWith('text/event-stream'))
        return `${url}/v2/events: expected an event stream, got ${headers['content-type'] ?? 'no content type'}`;
      backoff.good();
      onAttached();
      onHint();
      const decoder = new TextDecoder();
      for await (const octets of body) {
        watchdog.refresh();
        parser.feed(decoder.decode(octets, { stream: true }));
        if (fault !== undefined) return `${url}/v2/events: ${fault}`;
      }
      return `${url}/v2/events: the stream ended`;
    } catch (error) {
      if (silence.signal.aborted) return SILENT;
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(watchdog);
      silence.abort();
    }
  }
}

const SILENT = 'nothing came on the event stream for too long; it is opened again';

function query(): URLSearchParams {
  const types = [...HINTS].map((type) => ['event_type', type]);
  // Asked for since 1.6, always so since 1.7: deployments without their plans, which can have megabytes.
  return new URLSearchParams([...types, ['plan-format', 'light']]);
}
