// The kinds of sources there are: the visible list. A new one is a file beside this one and a line here.
import type { SourceContext, SourceDefinition } from './definition.ts';
import { DOCKER } from './docker.ts';
import { FILE } from './file.ts';
import { MARATHON } from './marathon.ts';
import { MESOS } from './mesos.ts';
import type { Source } from './source.ts';
import { SWARM } from './swarm.ts';

export { withEngineOfEnvironment } from './docker-settings.ts';

export const SOURCES = [DOCKER, FILE, MARATHON, MESOS, SWARM] as const;

/**
 * Makes a source of an entry of the configuration.
 * @param entry in the shape that the definition of its kind asks for
 */
export function createSource(entry: { readonly kind: string }, context: SourceContext): Source {
  const definitions: readonly SourceDefinition[] = SOURCES;
  return definitions.find(({ kind }) => kind === entry.kind)!.create(entry, context);
}
