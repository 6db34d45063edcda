// What an engine knows of a task that is a container, beyond what all tasks have.
import type { Network } from './network.ts';

/** A container's place in one network. */
export interface Attachment {
  readonly network: Network;
  /** Its own addresses there, textual, IPv4 first; empty when the engine gave none. */
  readonly addresses: readonly string[];
  /** Names that others in the network may call it by, beside its own. */
  readonly aliases: readonly string[];
}

/** A name that one other container has for it (`docker run --link`). */
export interface LinkName {
  readonly alias: string;
  /** Name of the container that has the link. */
  readonly linker: string;
  /** `Network.key` of each network that both are in. */
  readonly networks: readonly string[];
}

export interface Container {
  /** The first twelve digits of its id. */
  readonly shortId: string;
  /** What its user called its host; absent when that is the short id. */
  readonly hostname?: string | undefined;
  /** Whether it has the host's network in place of its own. */
  readonly isOnHost: boolean;
  /** In the order of the networks' names. */
  readonly attachments: readonly Attachment[];
  readonly links: readonly LinkName[];
}
