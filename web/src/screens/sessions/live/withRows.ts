/** The pages of the list with what the live stream told. Pure; nothing new is added. */
import type { InfiniteData } from "@tanstack/react-query";
import type { components } from "@/api/schema";
import type { SessionList } from "@/api/sessions";

export type LiveSessions = components["schemas"]["LiveSessions"];
export type Pages = InfiniteData<SessionList, string>;

/** Each row that is told in place of the one with its id; the order stays. */
export function withRows(pages: Pages | undefined, told: LiveSessions): Pages | undefined {
  if (!pages) return undefined;
  const changed = new Map(told.sessions.map((row) => [row.session_id, row]));
  const gone = new Set(told.gone);
  let isChanged = false;
  const next = pages.pages.map((page) => {
    const isHit = page.sessions.some(
      (row) => changed.has(row.session_id) || gone.has(row.session_id),
    );
    if (!isHit) return page;
    isChanged = true;
    return {
      ...page,
      sessions: page.sessions
        .filter((row) => !gone.has(row.session_id))
        .map((row) => changed.get(row.session_id) ?? row),
    };
  });
  return isChanged ? { ...pages, pages: next } : pages;
}
