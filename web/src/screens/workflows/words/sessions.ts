/** Filters of the list of sessions, as its address writes them. Pure. */

interface Which {
  readonly workflow: string;
  readonly version?: number | string;
  readonly environment?: string | undefined;
  readonly outcome?: string;
}

/** `workflow:"fraud triage" version:14 outcome:failure` */
export function sessionsOf({ workflow, version, environment, outcome }: Which): string {
  return [
    `workflow:${quoted(workflow)}`,
    ...(version === undefined ? [] : [`version:${quoted(String(version))}`]),
    ...(environment ? [`environment:${quoted(environment)}`] : []),
    ...(outcome ? [`outcome:${outcome}`] : []),
  ].join(" ");
}

function quoted(text: string): string {
  if (/^[\w.-]+$/.test(text)) return text;
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
