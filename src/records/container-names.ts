// How names of containers, networks and services become labels, and under which names a container is found.
import type { Task } from '../model/task.ts';
import { MAX_LABEL } from '../wire/name.ts';
import type { Wishes } from './container-labels.ts';
import { taskHash } from './naming.ts';

/** A name below the zone that a container or service wants. */
export interface WantedName {
  /** One or more labels: `api.shop`. */
  readonly text: string;
  /** Who may share it: those who want it with the same group. */
  readonly group: string;
  /** How good the claim is; 0 is the best. */
  readonly rank: number;
  /** `Network.key` of the networks whose clients alone see it; all clients when absent. */
  readonly within?: readonly string[] | undefined;
}

/** What makes a claim good: nobody can take a container's id, and what it calls its host is the weakest reason. */
const Rank = { ID: 0, NAME: 1, SERVICE: 2, REPLICA: 3, IN_NETWORK: 4, ALIAS: 5, LINK: 6, HOSTNAME: 7 } as const;

/** What stays as it is; most names do. */
const FITTING = /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*$/;

/**
 * A name as labels: lower case, dots kept, characters that host names cannot have left out, each label cut to 63 octets
 * with a hash that keeps those apart that differ behind the cut. Empty when nothing is left.
 */
export function containerLabels(text: string): string {
  if (FITTING.test(text)) return text;
  return text
    .toLowerCase()
    .split('.')
    .map((part) => {
      const label = part.replace(/[^a-z0-9_-]+/g, '').replace(/^[-_]+|-+$/g, '');
      if (label.length <= MAX_LABEL) return label;
      const hash = taskHash(part);
      return `${label.slice(0, MAX_LABEL - hash.length - 1).replace(/[-_]+$/, '')}-${hash}`;
    })
    .filter(Boolean)
    .join('.');
}

/** Also with `-` for `_`, which host names cannot have (RFC 952). */
export function spellings(labels: string): string[] {
  return labels.includes('_') ? [labels, labels.replaceAll('_', '-')] : [labels];
}

/** The names of a container, best claim first, each once. */
export function containerNames({ id, name, container, replica }: Task, wishes: Wishes): Iterable<WantedName> {
  const names = new Map<string, WantedName>();
  const own = `container ${id}`;
  const want = (labels: string, group: string, rank: number, within?: readonly string[]): void => {
    if (labels !== '')
      for (const text of spellings(labels)) if (!names.has(text)) names.set(text, { text, group, rank, within });
  };
  const label = containerLabels(name);
  want(containerLabels(container!.shortId), own, Rank.ID);
  want(label, own, Rank.NAME);
  for (const wished of wishes.names) want(containerLabels(wished), `name ${wished}`, Rank.NAME);
  if (replica) {
    const { service, stack, name: number } = replica;
    const labels =
      stack === undefined ? containerLabels(service) : inFrontOf(containerLabels(service), containerLabels(stack));
    want(labels, `service ${stack === undefined ? service : `${service} ${stack}`}`, Rank.SERVICE);
    if (number !== undefined) want(inFrontOf(containerLabels(number), labels), own, Rank.REPLICA);
  }
  for (const { network, aliases } of container!.attachments) {
    const parent = containerLabels(network.name);
    want(inFrontOf(label, parent), own, Rank.IN_NETWORK);
    // Who has an alias in a network shares it with whoever else has it there, as in Docker's own name server.
    for (const alias of aliases)
      want(inFrontOf(containerLabels(alias), parent), `alias ${network.key} ${alias}`, Rank.ALIAS);
  }
  for (const { alias, linker, networks } of container!.links)
    want(inFrontOf(containerLabels(alias), containerLabels(linker)), own, Rank.LINK, networks);
  if (container!.hostname !== undefined) want(containerLabels(container!.hostname), own, Rank.HOSTNAME);
  return names.values();
}

/** Labels in front of others; none where either has none. */
function inFrontOf(labels: string, parent: string): string {
  return labels === '' || parent === '' ? '' : `${labels}.${parent}`;
}
