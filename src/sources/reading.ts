// What every reader of a document gives back, and the empty lists and labels that all model objects share.
import type { Cluster, Problem } from '../model/cluster.ts';

/** What a document says, as far as it could be read; what could not is named in `problems`. */
export interface Reading {
  readonly cluster: Cluster;
  readonly problems: readonly Problem[];
}

/**
 * The addresses that a host name is known to have at this moment; empty when none are known (yet). Never waits: an
 * implementation starts a look-up in the background and has the document read again when the answer is there.
 */
export type Resolve = (host: string) => readonly string[];

/** Shared by all objects that have nothing to list: 50,000 tasks hold one empty list, not 50,000. */
export const NONE: readonly never[] = Object.freeze([]);
export const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

/** The only name that is known without asking (RFC 6761 6.3); dcos-net treats it alike. */
export const resolveLocalhost: Resolve = (host) => (host === 'localhost' ? LOOPBACK : NONE);
const LOOPBACK: readonly string[] = Object.freeze(['127.0.0.1']);
