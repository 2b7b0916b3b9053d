/**
 * Which sessions should I look at, and what do the bad ones have in common?
 *
 * Filter, time, order and density stand in the address. Rates, counts and what differs come from
 * the server; what the filter means is the server's too.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Refused } from "@/api/client";
import { facets, sessionPages, starts, USUAL_SORT, type Which } from "@/api/sessions";
import { useKeys } from "@/app/keys/useKeys";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { TimeRange } from "@/app/screen/TimeRange";
import { absolute, useZone } from "@/app/time";
import { formatSpan } from "@/format";
import { Failed, Loading } from "@/parts/States";
import { say } from "@/parts/Toasts";
import type { SessionsSearch, Sort } from "./address";
import { exportCommand } from "./exportCommand";
import { Facets } from "./facets/Facets";
import { Chips } from "./filter/Chips";
import { FilterLine } from "./filter/FilterLine";
import { quoted } from "./filter/terms";
import { Views } from "./filter/Views";
import { List } from "./list/List";
import { usePlace } from "./list/usePlace";
import { NewLine } from "./live/NewLine";
import { useLiveRows } from "./live/useLiveRows";
import { useLiveSwitch } from "./live/useLiveSwitch";
import { NothingMatches } from "./NothingMatches";
import { MOST_COMPARED, SelectionBar } from "./SelectionBar";
import css from "./Sessions.module.css";
import { Starts } from "./Starts";
import { Toolbar } from "./Toolbar";
import { useNarrow } from "./useNarrow";

const FROM = "/p/$project/sessions";

// Panels that most visits never open are fetched when they are.
const Differs = lazy(() => import("./Differs").then((module) => ({ default: module.Differs })));
const Preview = lazy(() => import("./Preview").then((module) => ({ default: module.Preview })));
const Dialog = lazy(() => import("@/parts/Dialog").then((module) => ({ default: module.Dialog })));

export function Sessions() {
  const { project } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const { q, since, until } = search;
  const sort: Sort = search.sort ?? USUAL_SORT;
  const density = search.density ?? "comfortable";

  const asked = useMemo<Which>(() => ({ q, since, until }), [q, since, until]);
  const check = useQuery(facets(project, asked));
  const refused = refusedOf(check.error);
  const which = useLastRead(asked, check.isSuccess && !check.isPlaceholderData, refused !== null);
  const pages = useInfiniteQuery(sessionPages(project, which, sort));
  const counts = useQuery(facets(project, which));
  const began = useQuery(starts(project, which)).data;
  const zone = useZone();
  const rows = useMemo(
    () => pages.data?.pages.flatMap((page) => page.sessions) ?? [],
    [pages.data],
  );
  const place = usePlace(JSON.stringify([project, which]));
  const [isLive, switchLive] = useLiveSwitch();
  const live = useLiveRows(project, which, sort, isLive);
  // Where nothing is shown, nothing can be moved: the first ones need no asking.
  const { show } = live;
  const isBare = pages.isSuccess && rows.length === 0 && live.news > 0;
  useEffect(() => {
    if (isBare) show();
  }, [isBare, show]);
  const [isPreviewed, setPreviewed] = useState(false);
  const [isSheet, setSheet] = useState(false);
  const isNarrow = useNarrow();
  const filter = useRef<HTMLInputElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const sorter = useRef<HTMLButtonElement>(null);

  const change = useCallback(
    (next: Partial<Record<keyof SessionsSearch, string | undefined>>) =>
      void navigate({
        search: (past) =>
          Object.fromEntries(
            Object.entries({ ...past, ...next }).filter(([, value]) => value),
          ) as SessionsSearch,
      }),
    [navigate],
  );
  const apply = useCallback((next: string) => change({ q: next || undefined }), [change]);
  const chooseRange = useCallback(
    (from: string, to: string) => change({ since: from, until: to }),
    [change],
  );
  const selected = useMemo(() => [...place.selected], [place.selected]);
  const active = rows.find((row) => row.session_id === place.active);

  useKeys({
    filter: (event) => {
      event.preventDefault();
      filter.current?.focus();
    },
    facets: () => {
      if (isNarrow) setSheet(true);
      else panel.current?.querySelector("button")?.focus();
    },
    live: () => switchLive(!isLive),
    sort: () => sorter.current?.click(),
    copy: () => {
      const ids = selected.length > 0 ? selected : active ? [active.session_id] : [];
      if (ids.length > 0) copied(exportCommand(ids), "the export command");
    },
    permanent: () => {
      const now = Date.now();
      const at = new URL(window.location.href);
      const from = since ? absolute(since, now) : null;
      if (from) at.searchParams.set("since", from);
      at.searchParams.set("until", absolute(until ?? "", now) ?? new Date(now).toISOString());
      copied(at.href, "a permanent link");
    },
    leave: () => {
      if (isPreviewed) setPreviewed(false);
      else if (search.differs) change({ differs: undefined });
      else if (selected.length > 0) place.clear();
    },
  });

  return (
    <div className={css.page}>
      <ScreenHead title="Sessions">
        <TimeRange
          since={since ?? ""}
          until={until}
          onChange={(next) => change({ since: next, until: undefined })}
        />
      </ScreenHead>
      <div className={css.filter}>
        <FilterLine
          q={q ?? ""}
          known={counts.data?.facets ?? {}}
          refused={refused}
          onApply={apply}
          inputRef={filter}
        />
        <Views project={project} search={search} />
      </div>
      <Chips q={q ?? ""} onApply={apply} />
      <div className={css.body}>
        {!isNarrow && (
          <aside className={css.panel} aria-label="Facets">
            <Facets project={project} which={which} onApply={apply} panelRef={panel} />
          </aside>
        )}
        <div
          className={css.main}
          data-busy={pages.isPlaceholderData || undefined}
          data-previewed={isPreviewed || undefined}
        >
          <Toolbar
            total={counts.data?.total ?? null}
            span={
              began?.since ? formatSpan(began.since, began.until, { zone, fineness: "day" }) : ""
            }
            sort={sort}
            onSort={(next) => change({ sort: next === USUAL_SORT ? undefined : next })}
            density={density}
            onDensity={(next) => change({ density: next === "comfortable" ? undefined : next })}
            isLive={isLive}
            following={live.following}
            onLive={switchLive}
            onDiffers={() => change({ differs: search.differs ? undefined : "filter" })}
            onFacets={isNarrow ? () => setSheet(true) : undefined}
            sorterRef={sorter}
            again={live.again}
          />
          <Starts project={project} which={which} onRange={chooseRange} />
          <DiffersPanel
            project={project}
            which={which}
            mode={search.differs}
            selected={selected}
            onApply={apply}
            onClose={() => change({ differs: undefined })}
          />
          <NewLine live={live} />
          {pages.isPending ? (
            <Loading
              rows={14}
              rowHeight={density === "compact" ? "compact" : "two-lines"}
              what="the sessions"
            />
          ) : pages.isError && rows.length === 0 ? (
            <Failed
              error={pages.error}
              what="The sessions could not be read."
              retry={() => void pages.refetch()}
            />
          ) : rows.length === 0 ? (
            <NothingMatches
              project={project}
              which={which}
              onChange={(next) => change({ q: next.q, since: next.since, until: next.until })}
            />
          ) : (
            <List
              project={project}
              rows={rows}
              total={counts.data?.total ?? null}
              hasMore={pages.hasNextPage}
              isReading={pages.isFetchingNextPage}
              readMore={() => void pages.fetchNextPage()}
              sort={sort}
              onSort={(next) => change({ sort: next === USUAL_SORT ? undefined : next })}
              density={density}
              place={place}
              onPreview={() => setPreviewed(!isPreviewed)}
            />
          )}
          {pages.isFetchNextPageError && (
            <Failed
              error={pages.error}
              what="More sessions could not be read."
              retry={() => void pages.fetchNextPage()}
            />
          )}
          <SelectionBar
            project={project}
            ids={selected}
            onDiffers={() => change({ differs: "selection" })}
            onClear={place.clear}
          />
        </div>
      </div>
      {isPreviewed && active && (
        <Suspense>
          <Preview
            row={active}
            project={project}
            onOpen={() => place.setActive(active.session_id)}
            onClose={() => setPreviewed(false)}
          />
        </Suspense>
      )}
      {isNarrow && isSheet && (
        <Suspense>
          <Dialog title="Facets" isOpen onClose={() => setSheet(false)}>
            <Facets project={project} which={which} onApply={apply} />
          </Dialog>
        </Suspense>
      )}
    </div>
  );
}

interface DiffersPanelProps {
  readonly project: string;
  readonly which: Which;
  readonly mode: SessionsSearch["differs"];
  readonly selected: readonly string[];
  readonly onApply: (q: string) => void;
  readonly onClose: () => void;
}

/** Of the selection against the filter's others; else of the filter against all of the time. */
function DiffersPanel({ project, which, mode, selected, onApply, onClose }: DiffersPanelProps) {
  if (!mode) return null;
  const isSelection = mode === "selection" && selected.length > 0;
  const q = which.q ?? "";
  const ids = selected.slice(0, MOST_COMPARED).map(quoted).join(",");
  // Without a filter there is no rest: the failed ones are what most want to understand.
  const chosen = isSelection ? `session:${ids}` : q || "outcome:failure";
  return (
    <Suspense fallback={<Loading rows={4} what="what differs" />}>
      <Differs
        project={project}
        which={{ ...which, q: chosen }}
        within={isSelection ? q : ""}
        what={
          isSelection
            ? "the selected sessions"
            : q
              ? "the sessions of this filter"
              : "failed sessions"
        }
        onAdd={(term) => onApply(`${isSelection ? q : chosen} ${term}`.trim())}
        onClose={onClose}
      />
    </Suspense>
  );
}

/** The filter that was last read; a refused one leaves the list as it was. */
function useLastRead(asked: Which, isRead: boolean, isRefused: boolean): Which {
  const [good, setGood] = useState<Which | null>(null);
  if (isRead && good !== asked) setGood(asked);
  const { since, until } = asked;
  const unfiltered = useMemo<Which>(() => ({ since, until }), [since, until]);
  return isRefused ? (good ?? unfiltered) : asked;
}

function refusedOf(error: unknown): Refused | null {
  return error instanceof Refused && error.code === "bad_query" ? error : null;
}

function copied(text: string, what: string): void {
  navigator.clipboard.writeText(text).then(
    () => say(`Copied ${what}.`),
    () => say("The browser did not let it be copied."),
  );
}
