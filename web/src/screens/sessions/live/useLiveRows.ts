/**
 * The list while sessions change: rows that are shown are replaced where they stand; new ones wait
 * until they are asked for, so that nothing moves below the cursor.
 *
 * The stream tells all sessions of the project; which of the new ones pass the filter is asked of
 * the server.
 */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { projectHeaders } from "@/api/client";
import { LIVE_PATH, passing, type SessionRow, sessionsKey, type Which } from "@/api/sessions";
import type { ServerEvent } from "@/app/live/events";
import { type Following, follow } from "@/app/live/follow";
import { type LiveSessions, type Pages, withRows } from "./withRows";

/** The API takes as many values of one field. */
const AT_ONCE = 100;
const PAUSE_MS = 1_000;

export interface LiveRows {
  readonly following: Following | null;
  /** New sessions that pass the filter and are not shown yet. */
  readonly news: number;
  /** So much has changed that the list has to be read anew. */
  readonly isOutdated: boolean;
  /** Reads the list anew, from its beginning. */
  readonly show: () => void;
  readonly again: () => void;
}

export function useLiveRows(project: string, which: Which, sort: string, isOn: boolean): LiveRows {
  const queries = useQueryClient();
  const [following, setFollowing] = useState<Following | null>(null);
  const [news, setNews] = useState<ReadonlySet<string>>(new Set());
  const [isOutdated, setOutdated] = useState(false);
  const [tries, setTries] = useState(0);
  const { q, since, until } = which;
  const list = JSON.stringify([project, q, since, until, sort]);
  const [known, setKnown] = useState(list);
  if (known !== list) {
    setKnown(list);
    setNews(new Set());
    setOutdated(false);
  }

  // The stream goes on while the filter changes: what comes is held against the list of now.
  const now = useRef({ project, which, sort });
  useEffect(() => {
    now.current = { project, which: { q, since, until }, sort };
  }, [project, q, since, until, sort]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `tries` connects anew.
  useEffect(() => {
    if (!isOn) {
      setFollowing(null);
      return;
    }
    const left = new AbortController();
    const unknown = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      timer = undefined;
      const here = now.current;
      const ids = [...unknown].slice(0, AT_ONCE);
      for (const id of ids) unknown.delete(id);
      const rows = await passing(ids, here.which).catch(() => []);
      if (left.signal.aborted || here !== now.current) return;
      const shown = shownIds(queries, here);
      setNews((past) => new Set([...past, ...newIds(rows, shown)]));
      if (unknown.size > 0) timer = setTimeout(() => void ask(), PAUSE_MS);
    };
    const onEvent = (event: ServerEvent) => {
      if (event.name === "reset") setOutdated(true);
      if (event.name !== "sessions") return;
      const told = JSON.parse(event.data) as LiveSessions;
      const { project: id, which: of, sort: by } = now.current;
      const shown = shownIds(queries, now.current);
      queries.setQueryData<Pages>(sessionsKey(id, of, by), (pages) => withRows(pages, told));
      for (const row of told.sessions) if (!shown.has(row.session_id)) unknown.add(row.session_id);
      if (told.gone.length > 0) {
        setNews((past) => new Set([...past].filter((one) => !told.gone.includes(one))));
      }
      if (unknown.size > 0) timer ??= setTimeout(() => void ask(), PAUSE_MS);
    };
    void follow({
      path: LIVE_PATH,
      headers: projectHeaders(),
      signal: left.signal,
      onEvent,
      onState: setFollowing,
    });
    return () => {
      left.abort();
      clearTimeout(timer);
    };
  }, [isOn, project, queries, tries]);

  const show = useCallback(() => {
    setNews(new Set());
    setOutdated(false);
    // One page: of a long list the rest is read again as one scrolls.
    queries.setQueryData<Pages>(sessionsKey(project, { q, since, until }, sort), (pages) =>
      pages
        ? { pages: pages.pages.slice(0, 1), pageParams: pages.pageParams.slice(0, 1) }
        : undefined,
    );
    void queries.invalidateQueries({ queryKey: [project, "sessions"] });
  }, [queries, project, q, since, until, sort]);

  return {
    following,
    news: news.size,
    isOutdated,
    show,
    again: useCallback(() => setTries((past) => past + 1), []),
  };
}

interface Listed {
  readonly project: string;
  readonly which: Which;
  readonly sort: string;
}

function shownIds(queries: QueryClient, { project, which, sort }: Listed): Set<string> {
  const pages = queries.getQueryData<Pages>(sessionsKey(project, which, sort));
  return new Set(pages?.pages.flatMap((page) => page.sessions.map((row) => row.session_id)) ?? []);
}

function newIds(rows: readonly SessionRow[], shown: ReadonlySet<string>): string[] {
  return rows.map((row) => row.session_id).filter((id) => !shown.has(id));
}
