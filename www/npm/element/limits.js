// kB, MB, GB, TB.
const PREFIXES = ' kmgt';

/** Reads a size: bytes, or a number with `kB`, `MB`, `GB` or `TB`. Not a number if it is none. */
export function parseSize(text) {
  const [, number, prefix = ' '] = /^\s*([\d.]+)\s*([kmgt]?)b?\s*$/i.exec(text) ?? [];
  return number * 1000 ** PREFIXES.indexOf(prefix.toLowerCase() || ' ');
}

/** Splits what an `accept` says. */
export const kindsIn = (accept) => accept.split(',').map((kind) => kind.trim()).filter(Boolean);

/**
 * Tells whether a file is of a kind that `accept` names, as the attribute of a file input does. A picker asks the system;
 * what is dropped or pasted is told by its type, where the browser gives one, and by its name.
 */
export function accepts(accept, { name, type }) {
  const kinds = kindsIn(accept.toLowerCase());
  const matches = (kind) => {
    if (kind.startsWith('.')) return name.toLowerCase().endsWith(kind);
    return kind.endsWith('/*') ? type.startsWith(kind.slice(0, -1)) : type === kind;
  };
  return kinds.length === 0 || kinds.some(matches);
}
