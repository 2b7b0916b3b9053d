/** Texts as one word of a POSIX shell: what somebody pastes must not become another command. */

/** As it stands where no shell reads anything into it, else in single quotes. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `quarterdeck projects set retention_days=90 'name=Two words'`; "" where nothing changes. */
export function setCommand(changes: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(changes).map(([name, value]) => word(`${name}=${written(value)}`));
  return words.length === 0 ? "" : ["quarterdeck projects set", ...words].join(" ");
}

/** The command reads a value as JSON where it can, and else as text. */
function written(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return isJson(value) ? JSON.stringify(value) : value;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
