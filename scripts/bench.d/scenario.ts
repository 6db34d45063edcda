// What a scenario is: something to be measured, with a table and with what the table must show.
import type { Table } from './table.ts';

/** How a run was asked for, and what all scenarios share. */
export interface Bench {
  /** How often each thing is measured; what is compared takes turns. */
  readonly turns: number;
  /** Seconds of load in one turn. */
  readonly seconds: number;
  /** Small sizes, to see that all works; its figures mean little. */
  readonly isQuick: boolean;
  /** A folder of its own; gone after the run. */
  readonly folder: string;
  /** Says what is going on, on standard error. */
  say(text: string): void;
}

/** A promise about the figures, and what came out. */
export interface Claim {
  readonly what: string;
  readonly limit: number;
  /** Undefined when it could not be measured here. */
  readonly measured: number | undefined;
  /** Of both numbers: `x`, `ms`, `s`, `MiB`. */
  readonly unit: string;
}

export interface Result {
  readonly tables: readonly Table[];
  readonly claims: readonly Claim[];
}

export interface Scenario {
  /** For `--only`. */
  readonly name: string;
  /** For the help. */
  readonly title: string;
  run(bench: Bench): Promise<Result>;
}
