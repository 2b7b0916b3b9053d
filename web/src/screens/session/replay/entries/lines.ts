/** How much of a text is shown before it is unfolded. Pure; a line is `length` characters. */

/** The first lines of a text; long lines count as several. */
export function beginning(
  text: string,
  lines: number,
  length: number,
): { text: string; left: number } {
  let at = 0;
  let used = 0;
  while (at < text.length) {
    const end = text.indexOf("\n", at);
    const stop = end < 0 ? text.length : end;
    const takes = Math.max(1, Math.ceil((stop - at) / length));
    if (used + takes > lines) {
      // One that is only a little longer is shown whole: a fold costs a line itself.
      const room = (lines - used) * length;
      const rest = restLines(text, at, length);
      if (rest <= lines - used + 2) return { text, left: 0 };
      const cut = room > 0 && used === 0 ? safeEnd(text, at + room) : at;
      return {
        text: text.slice(0, cut).trimEnd(),
        left: Math.max(1, restLines(text, cut, length)),
      };
    }
    used += takes;
    at = stop + 1;
  }
  return { text, left: 0 };
}

function restLines(text: string, from: number, length: number): number {
  let count = 0;
  let at = from;
  while (at < text.length && count < 10_000) {
    const end = text.indexOf("\n", at);
    const stop = end < 0 ? text.length : end;
    count += Math.max(1, Math.ceil((stop - at) / length));
    at = stop + 1;
  }
  return count;
}

/** Not in the middle of a character. */
function safeEnd(text: string, at: number): number {
  const code = text.charCodeAt(at - 1);
  return code >= 0xd800 && code <= 0xdbff ? at - 1 : at;
}
