// The repairs once more, as edits of the reference's text: what the default mode must list, given what the exact mode
// lists. Written apart from the program so that one can be held against the other.

const CANONICAL = /^(.*)(-[a-z0-9]{5}-s?\d+)$/;

/**
 * @param exact lines `name kind value`
 * @returns the lines that the default mode has, sorted, and the ids of the repairs that this took, sorted
 */
export function explainDifference(exact: readonly string[]): { repaired: string[]; used: string[] } {
  const used = new Set<string>();
  const repaired = new Set<string>();
  for (const line of exact) {
    const [name = '', kind, value = ''] = line.split(' ');
    const [target = '', port = ''] =
      kind === 'SRV' ? [value.slice(0, value.lastIndexOf(':')), value.slice(value.lastIndexOf(':') + 1)] : [];
    if (kind === 'SRV' && !(Number(port) >= 1 && Number(port) <= 65535)) used.add('port-range');
    else if ([name, target].some(isUnservable)) used.add('unservable-names');
    else {
      const edited = edit(name, used);
      repaired.add(`${edited} ${kind} ${kind === 'SRV' ? `${edit(target, used)}:${port}` : value}`);
    }
  }
  return { repaired: [...repaired].sort(), used: [...used].sort() };
}

/** An empty label, or one over 63 characters that is not a canonical one (those are shortened). */
function isUnservable(name: string): boolean {
  if (name === '') return false;
  return name
    .slice(0, -1)
    .split('.')
    .some((label) => label === '' || (label.length > 63 && !CANONICAL.test(label)));
}

function edit(name: string, used: Set<string>): string {
  if (name !== name.toLowerCase()) used.add('verbatim-case');
  return name
    .toLowerCase()
    .split('.')
    .map((label) => {
      const [, task = '', suffix = ''] = CANONICAL.exec(label) ?? [];
      if (label.length <= 63) return label;
      used.add('canonical-length');
      return task.slice(0, 63 - suffix.length).replace(/-+$/, '') + suffix;
    })
    .join('.');
}
