// Who may use a name. Names of containers come from many places (their own name, aliases, host names, labels), so two
// that have nothing to do with each other may want one. Replicas of one service share a name; of all others the first in
// a fixed order gets it and the rest are told.
export interface Claim {
  /** Absolute, in lower case; as text or in wire form, the same for all. */
  readonly owner: string;
  /** Claims of one group are of one service: they share the name. */
  readonly group: string;
  /** How good the claim is; 0 is the best. */
  readonly rank: number;
}

interface Claimant extends Claim {
  readonly holder: string;
}

interface Contest {
  readonly owner: string;
  readonly claimants: Claimant[];
  /** Group that has the name. */
  winner: string;
}

export class NameClaims {
  readonly #contests = new Map<string, Contest>();
  readonly #claimants = new Map<string, readonly Claimant[]>();

  /**
   * Takes what holders claim from now on; nothing for one that is gone.
   * @returns the other holders for which a name was won or lost by it
   */
  update(changes: readonly (readonly [holder: string, claims: readonly Claim[]])[]): Set<string> {
    const touched = new Set<Contest>();
    for (const [holder, claims] of changes) {
      for (const claimant of this.#claimants.get(holder) ?? []) {
        const contest = this.#contests.get(claimant.owner)!;
        contest.claimants.splice(contest.claimants.indexOf(claimant), 1);
        touched.add(contest);
      }
      const claimants: Claimant[] = [];
      for (const { owner, group, rank } of claims) {
        const contest = this.#contests.get(owner);
        const claimant = { holder, owner, group, rank };
        claimants.push(claimant);
        if (contest === undefined) {
          // Nobody else is concerned, as for most names.
          this.#contests.set(owner, { owner, claimants: [claimant], winner: group });
          continue;
        }
        contest.claimants.push(claimant);
        touched.add(contest);
      }
      if (claimants.length > 0) this.#claimants.set(holder, claimants);
      else this.#claimants.delete(holder);
    }
    const concerned = new Set<string>();
    if (touched.size === 0) return concerned;
    const changed = new Set(changes.map(([holder]) => holder));
    for (const contest of touched) {
      const before = contest.winner;
      let best = contest.claimants[0];
      if (best === undefined) {
        this.#contests.delete(contest.owner);
        continue;
      }
      for (const claimant of contest.claimants) if (isBetter(claimant, best)) best = claimant;
      contest.winner = best.group;
      if (contest.winner === before) continue;
      for (const { holder, group } of contest.claimants)
        if (!changed.has(holder) && (group === before || group === contest.winner)) concerned.add(holder);
    }
    return concerned;
  }

  /** Whether a group has a name; one that nobody claimed is free. */
  isGranted(owner: string, group: string): boolean {
    const contest = this.#contests.get(owner);
    return contest === undefined || contest.winner === group;
  }

  /** The group that has a name. */
  winner(owner: string): string | undefined {
    return this.#contests.get(owner)?.winner;
  }
}

function isBetter(a: Claimant, b: Claimant): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.group < b.group);
}
