// What is wrong in a master file and where; at most so many of a kind that a person can still read them.

export interface ZoneProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Octets from the start of the line, from 1. */
  readonly column: number;
  /** An error costs the whole file, the last good zone stays; a warning costs nothing, or the one record that it names. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** The form that compilers use and editors jump to. */
export function problemText(problem: ZoneProblem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.severity}: ${problem.message}`;
}

/** Problems of one severity that are kept of one zone; the last of them says how many more there are. */
const KEPT = 20;

/** A place in a file. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Collects the problems of one zone. */
export class Problems {
  readonly #kept: ZoneProblem[] = [];
  readonly #counts = { error: 0, warning: 0 };
  readonly #last: { error?: Place; warning?: Place } = {};

  error(place: Place, message: string): void {
    this.#add('error', place, message);
  }

  warning(place: Place, message: string): void {
    this.#add('warning', place, message);
  }

  get hasErrors(): boolean {
    return this.#counts.error > 0;
  }

  #add(severity: 'error' | 'warning', place: Place, message: string): void {
    const { file, line, column } = place;
    if (++this.#counts[severity] < KEPT) this.#kept.push({ file, line, column, severity, message });
    else this.#last[severity] ??= place;
  }

  /** Errors first, each kind in the order found. */
  list(): ZoneProblem[] {
    return (['error', 'warning'] as const).flatMap((severity) => {
      const kept = this.#kept.filter((problem) => problem.severity === severity);
      const more = this.#counts[severity] - kept.length;
      const place = this.#last[severity];
      if (!place) return kept;
      const { file, line, column } = place;
      return [...kept, { file, line, column, severity, message: `${more} more ${severity}s from here on` }];
    });
  }
}
