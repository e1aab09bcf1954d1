/** The user's settings as the server takes them: nested tables, and only what the user set by hand. */

/** What VS Code knows of one setting; `globalValue` is the user's own. Values of a workspace are never read:
 * a repository must not be able to name a server, a key, or widen what is sent. */
export interface Inspected {
  readonly globalValue?: unknown;
}

/** Settings of the extension itself, which the server does not know. */
const OWN = new Set(["server.path", "nextEdit.show"]);

/** `{"completion": {"min_confidence": 0.7}}` from the keys that are set; a key left alone is absent, so that what
 * stands in the user's own config.toml stays in force. */
export function asOptions(keys: Iterable<string>, inspect: (key: string) => Inspected | undefined): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const key of keys) {
    const value = inspect(key)?.globalValue;
    if (value === undefined || OWN.has(key)) continue;
    const [table, field] = split(key);
    if (field === "") options[table] = value;
    else options[table] = { ...(options[table] as object | undefined), [field]: value };
  }
  return options;
}

function split(key: string): [string, string] {
  const dot = key.indexOf(".");
  return dot < 0 ? [key, ""] : [key.slice(0, dot), key.slice(dot + 1)];
}

/** `~` in front of a path is the user's home. */
export function expanded(path: string, home: string): string {
  return path === "~" || path.startsWith("~/") ? home + path.slice(1) : path;
}
