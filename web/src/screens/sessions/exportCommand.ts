/** The command that writes exactly these sessions into a file. */
import { quoted } from "./filter/terms";

/** Values that one field of a filter may have. */
const AT_ONCE = 100;

/** One line for each hundred; safe to paste into a POSIX shell, whatever the ids hold. */
export function exportCommand(ids: readonly string[]): string {
  const lines: string[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = ids
      .slice(from, from + AT_ONCE)
      .map(quoted)
      .join(",");
    lines.push(`quarterdeck export --query ${inShell(`session:${some}`)} >> sessions.ndjson`);
  }
  return lines.join("\n");
}

function inShell(text: string): string {
  return /^[\w:,./@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
