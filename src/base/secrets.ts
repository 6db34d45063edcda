// Passwords and tokens. The settings name the environment variable that holds one, never the secret itself, so that the
// settings can be shown, logged and dumped.

/** The secrets that the settings ask for, by environment variable. Printing it, in whatever way, shows none. */
export class Secrets {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string> = new Map()) {
    this.#values = values;
  }

  /** @throws RangeError for a variable that the settings do not name */
  get(variable: string): string {
    const value = this.#values.get(variable);
    if (value === undefined) throw new RangeError(`Cannot use ${variable}: the settings name no such variable`);
    return value;
  }
}
