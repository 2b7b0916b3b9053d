/** One name a line, as typed; empty lines and repeated names go. */
export function toolsOf(typed: string): string[] {
  const names = typed
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return [...new Set(names)];
}
