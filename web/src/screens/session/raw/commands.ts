/** The commands that give what a screen shows, ready to be pasted into a shell. Pure. */

/** One word of a POSIX shell, whatever is in it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export interface Place {
  readonly origin: string;
  readonly project: string;
  readonly session: string;
}

/** A request of the API; the key is taken from the environment, so that none is ever shown. */
export function curl(place: Place, path: string): string {
  return [
    `curl -sS ${quoted(`${place.origin}/api/v1${path}`)}`,
    `  -H "Authorization: Bearer $QUARTERDECK_API_KEY"`,
    `  -H ${quoted(`x-quarterdeck-project: ${place.project}`)}`,
  ].join(" \\\n");
}

export function sessionPath(session: string): string {
  return `/sessions/${encodeURIComponent(session)}`;
}

export function spanPath(trace: string, span: string): string {
  return `/spans/${encodeURIComponent(trace)}/${encodeURIComponent(span)}`;
}

export function exportPath(session: string): string {
  return `/export?format=ndjson&what=spans&session_id=${encodeURIComponent(session)}`;
}

/** `quarterdeck sessions …`; an id that begins with a dash is not taken for an option. */
export function cli(place: Place, command: "show" | "export"): string {
  const id = place.session.startsWith("-") ? `-- ${quoted(place.session)}` : quoted(place.session);
  const options = command === "show" ? "--json" : `--output ${quoted(filename(place.session))}`;
  return `QUARTERDECK_URL=${quoted(place.origin)} quarterdeck sessions ${command} ${options} ${id}`;
}

/** A name that every file system takes. */
export function filename(session: string, ending = "ndjson"): string {
  const safe = session
    .replaceAll(/[^\w.-]+/g, "_")
    .replace(/^[.-]+/, "")
    .slice(0, 80);
  return `${safe || "session"}.${ending}`;
}
