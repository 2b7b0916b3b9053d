/**
 * Ids in little room: their prefix and their last six characters. The whole one is for copies.
 */

/** `sess_…abc123` · `…9f3c21` · short ones as they are. */
export function shortId(id: string): string {
  const prefix = /^[a-z]{1,8}_/.exec(id)?.[0] ?? "";
  // By code point, so that no half of a surrogate pair is left over.
  const rest = [...id.slice(prefix.length)];
  if (rest.length <= 8) return id;
  return `${prefix}…${rest.slice(-6).join("")}`;
}
