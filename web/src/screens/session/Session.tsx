/**
 * A session's page: its record and its skeleton, the header and the strip over every view, and
 * the view that the address names. `a...b` are two sessions to be compared.
 */
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo } from "react";
import { Nothing } from "@/app/frame/NotHere";
import { useKeys } from "@/app/keys/useKeys";
import { SessionContext, storeOf, useSelector } from "./model";
import { useAddressBinding } from "./model/address";
import { VIEWS } from "./views";

const Compare = lazy(async () => ({
  default: (await import("@/screens/compare/Compare")).Compare,
}));

export function Session() {
  const { project = "", session = "", view = "replay" } = useParams({ strict: false });
  const [a, b] = session.split("...");
  if (a && b) {
    return (
      <Suspense>
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
  const navigate = useNavigate();
  const search = useSearch({ strict: false });
  const hasRows = useSelector((state) => state.model !== null);
  useKeys({
    view: (event) => {
      const chosen = VIEWS[Number(event.key) - 1];
      if (!chosen) return;
      void navigate({
        to: "/p/$project/sessions/$session/$view",
        params: { project, session, view: chosen.name },
        search,
      });
    },
  });
  const shown = VIEWS.find((one) => one.name === view);
  if (!shown) return <Nothing what="A session has no such view." />;
  return (
    <>
      <nav aria-label="Views of this session">
        {VIEWS.map((one) => (
          <Link
            key={one.name}
            to="/p/$project/sessions/$session/$view"
            params={{ project, session, view: one.name }}
            search={search}
            aria-current={one === shown ? "page" : undefined}
          >
            {one.word}
          </Link>
        ))}
      </nav>
      <Suspense>{hasRows ? <shown.View /> : null}</Suspense>
    </>
  );
}
