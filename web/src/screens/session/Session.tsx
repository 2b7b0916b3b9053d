/**
 * A session's page: its record and its skeleton, the header and the strip over every view, and
 * the view that the address names. `a...b` are two sessions to be compared.
 */
import { useQuery } from "@tanstack/react-query";
import { type LinkProps, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useDeferredValue, useEffect, useMemo } from "react";
import { Refused } from "@/api/client";
import { record as recordQuery } from "@/api/session";
import { given } from "@/app/address";
import { Nothing } from "@/app/frame/NotHere";
import { useKeys } from "@/app/keys/useKeys";
import { beside } from "@/app/list-trail";
import { Failed, Loading } from "@/parts/States";
import { Tabs } from "@/parts/Tabs";
import { Tag } from "@/parts/Tag";
import { say } from "@/parts/Toasts";
import { CONTROLS } from "./controls";
import { Header } from "./header/Header";
import { LiveNote } from "./live/LiveNote";
import { Notices } from "./live/Notices";
import { SessionContext, storeOf, useRange, useSelector, useSession } from "./model";
import { useAddressBinding } from "./model/address";
import { rangeText } from "./model/words";
import css from "./Session.module.css";
import { Strip } from "./strip/Strip";
import { useMovement } from "./useMovement";
import { useStory } from "./useStory";
import { type SessionView, useView, VIEWS } from "./views";

const Compare = lazy(async () => ({
  default: (await import("@/screens/compare/Compare")).Compare,
}));

export function Session() {
  const { project = "", session = "", view = "replay" } = useParams({ strict: false });
  const [a = "", b] = session.split("...");
  // `a...` and `...b` choose the other one.
  if (b !== undefined) {
    return (
      <Suspense fallback={<Loading />}>
        <Compare a={a} b={b} />
      </Suspense>
    );
  }
  return <OneSession key={session} project={project} session={session} view={view} />;
}

interface Opened {
  project: string;
  session: string;
  view: string;
}

function OneSession({ project, session, view }: Opened) {
  const store = useMemo(() => storeOf(project, session), [project, session]);
  useEffect(() => {
    store.open();
    return () => store.close();
  }, [store]);
  return (
    <SessionContext value={store}>
      <Page project={project} session={session} view={view} />
    </SessionContext>
  );
}

function Page({ project, session, view }: Opened) {
  useAddressBinding();
  const { data, error, refetch } = useQuery(recordQuery(project, session));
  const changes = useSelector((state) => state.recordChanges);
  useEffect(() => {
    if (changes > 0) void refetch();
  }, [changes, refetch]);
  useStory(project, session);
  useListKeys(project, session, view);
  const shown = VIEWS.find((one) => one.name === view);
  if (!shown) return <Nothing what="A session has no such view." />;
  if (error instanceof Refused && error.status === 404) {
    return <Nothing what="There is no such session here." />;
  }
  return (
    <div className={css.page}>
      <div>
        {data ? (
          <Header project={project} record={data} />
        ) : error ? (
          <Failed what="The session's record could not be read." error={error} retry={refetch} />
        ) : (
          <Loading rows={3} rowHeight="compact" what="the session" />
        )}
        {data && <Notices record={data} />}
      </div>
      <StripOrNot />
      <ViewBar project={project} session={session} current={shown.name} />
      <section className={css.view} aria-label={shown.word}>
        <ShownView key={shown.name} view={shown} />
      </section>
    </div>
  );
}

/** `]` and `[` open what stands beside this session in the list that one came from. */
function useListKeys(project: string, session: string, view: string): void {
  const navigate = useNavigate();
  const go = (by: 1 | -1) => () => {
    const other = beside(session, by);
    if (other === null) {
      say(`No session comes ${by === 1 ? "after" : "before"} this one in the list you came from.`);
      return;
    }
    void navigate({
      to: "/p/$project/sessions/$session/$view",
      params: { project, session: other, view },
    });
  };
  useKeys({ nextItem: go(1), previousItem: go(-1) });
}

function StripOrNot() {
  const isReady = useSelector((state) => state.model !== null);
  const hasSteps = useSelector((state) => (state.model?.steps ?? 0) > 0);
  if (isReady && !hasSteps) return <div />;
  return isReady ? <Strip /> : <div className={css.noStrip} aria-hidden />;
}

function ShownView({ view }: { view: SessionView }) {
  const store = useSession();
  const isReady = useSelector((state) => state.model !== null);
  const failure = useSelector((state) => state.failure);
  // Fetched while the steps are, and rendered once the strip is painted.
  const fetched = useView(view);
  const View = useDeferredValue(isReady ? fetched : null);
  if (View) return <View />;
  if (failure) {
    return <Failed what="The steps could not be read." error={failure} retry={store.retry} />;
  }
  return <Loading rows={8} what="the steps" />;
}

function ViewBar({
  project,
  session,
  current,
}: {
  project: string;
  session: string;
  current: string;
}) {
  const navigate = useNavigate();
  const search = useSearch({ strict: false });
  // What a view has of its own stays behind.
  const kept = given({ step: search.step, range: search.range });
  const link = (name: string): LinkProps => ({
    to: "/p/$project/sessions/$session/$view",
    params: { project, session, view: name },
    search: kept,
  });
  useMovement({
    view: (event) => {
      const chosen = VIEWS[Number(event.key) - 1];
      if (chosen) void navigate(link(chosen.name) as never);
    },
  });
  return (
    <div className={css.bar}>
      <div className={css.views}>
        <Tabs
          label="Views of this session"
          current={current}
          tabs={VIEWS.map((one) => ({
            id: one.name,
            text: one.word,
            link: link(one.name),
          }))}
        />
      </div>
      <RangeChip />
      <div className={css.aside}>
        <LiveNote />
        <div id={CONTROLS} className={css.controls} />
      </div>
    </div>
  );
}

function RangeChip() {
  const store = useSession();
  const range = useRange();
  if (!range) return null;
  const text = rangeText(range.from, range.to);
  return (
    <Tag name={`the range ${text}`} onRemove={() => store.setRange(null)}>
      {text}
    </Tag>
  );
}
