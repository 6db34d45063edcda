// How a kind of source enters the configuration: one row in the list of `sources/index.ts`.
import type { ZodType } from 'zod';
import type { Logger } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Source } from './source.ts';

/** What the program gives to every source that it makes. */
export interface SourceContext {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The value of an environment variable that the source's settings name (`...Env`). */
  readonly secret: (variable: string) => string;
}

/** A kind of source: the word that selects it, the shape of its configuration, and how one is made. */
export interface SourceDefinition<Configuration = unknown> {
  /** The value of `kind` in the configuration. */
  readonly kind: string;
  /** Shape of an entry of `sources`, `kind` included. */
  readonly configuration: ZodType<Configuration>;
  /** Makes the source; it does nothing before `start`. */
  create(configuration: Configuration, context: SourceContext): Source;
}
