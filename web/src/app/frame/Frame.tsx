/**
 * What stays while screens change: the menu, where one is, the palette and the keys.
 *
 * Everything below speaks of the project of the address.
 */
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import {
  ChartNoAxesCombined,
  GitFork,
  Layers,
  type LucideIcon,
  Settings,
  SquareStack,
} from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Refused, speakOf } from "@/api/client";
import { me, projects } from "@/api/people";
import { useKeys } from "@/app/keys/useKeys";
import { rememberProject } from "@/app/last-project";
import { permanentAddress } from "@/app/permanent";
import { say, ToastRegion } from "@/parts/Toasts";
import styles from "./Frame.module.css";
import { IntakeLight } from "./IntakeLight";

// Layers that most visits never open are fetched when they are.
const Palette = lazy(() =>
  import("@/app/palette/Palette").then((module) => ({ default: module.Palette })),
);
const KeySheet = lazy(() => import("./KeySheet").then((module) => ({ default: module.KeySheet })));

interface Entry {
  word: string;
  to:
    | "/p/$project/overview"
    | "/p/$project/sessions"
    | "/p/$project/tasks"
    | "/p/$project/workflows"
    | "/p/$project/settings";
  icon: LucideIcon;
  /** The part of a path that belongs under this entry too. */
  also?: string;
}

const ENTRIES: readonly Entry[] = [
  { word: "Overview", to: "/p/$project/overview", icon: ChartNoAxesCombined },
  { word: "Sessions", to: "/p/$project/sessions", icon: SquareStack },
  { word: "Tasks", to: "/p/$project/tasks", icon: GitFork },
  { word: "Workflows", to: "/p/$project/workflows", icon: Layers, also: "memory" },
  { word: "Settings", to: "/p/$project/settings", icon: Settings },
];

export function Frame() {
  const { project } = useParams({ from: "/p/$project" });
  // Before any child asks: the header of every request names the project of the address.
  speakOf(project);
  const navigate = useNavigate();
  const here = useRouterState({ select: (state) => state.location.href });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [layer, setLayer] = useState<"palette" | "sheet" | null>(null);
  const who = useQuery(me);
  const mine = useQuery(projects);
  const main = useRef<HTMLElement>(null);

  useEffect(() => {
    if (who.error instanceof Refused && who.error.status === 401) {
      void navigate({ to: "/login", search: { back: here } });
    }
  }, [who.error, navigate, here]);

  const exists = mine.data?.projects.some((one) => one.project_id === project) ?? false;
  useEffect(() => {
    if (exists) rememberProject(project);
  }, [project, exists]);

  // A new screen is read from its beginning, also by who hears it.
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    if (document.activeElement === document.body) main.current?.focus({ preventScroll: true });
  }, [path]);

  const copyPermanent = () => {
    const link = permanentAddress(window.location.href, Date.now());
    navigator.clipboard.writeText(link).then(
      () => say("A link to exactly this is copied."),
      () => say(`The browser did not let the link be copied: ${link}`),
    );
  };
  const go = (to: Entry["to"]) => () => void navigate({ to, params: { project } });
  useKeys({
    palette: (event) => {
      event.preventDefault();
      setLayer("palette");
    },
    sheet: () => setLayer("sheet"),
    permanent: copyPermanent,
    goOverview: go("/p/$project/overview"),
    goSessions: go("/p/$project/sessions"),
    goTasks: go("/p/$project/tasks"),
    goWorkflows: go("/p/$project/workflows"),
    goSettings: go("/p/$project/settings"),
  });

  const known = mine.data?.projects ?? [];
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#screen">
        Skip to the screen
      </a>
      <nav className={styles.menu} aria-label="Main">
        <Link className={styles.brand} to="/">
          Quarterdeck
        </Link>
        {known.length > 1 ? (
          <label className={styles.project}>
            <span className="visually-hidden">Project</span>
            <select
              value={project}
              onChange={(event) =>
                void navigate({
                  to: "/p/$project/overview",
                  params: { project: event.target.value },
                })
              }
            >
              {known.map((one) => (
                <option key={one.project_id} value={one.project_id}>
                  {one.name || one.project_id}
                </option>
              ))}
            </select>
          </label>
        ) : (
          <span className={styles.only}>{project}</span>
        )}
        <ul className={styles.entries}>
          {ENTRIES.map(({ word, to, icon: Icon, also }) => (
            <li key={word}>
              <Link
                to={to}
                params={{ project }}
                className={`${styles.entry} ${also && path.split("/")[3] === also ? styles.current : ""}`}
                activeProps={{ className: styles.current, "aria-current": "page" }}
                activeOptions={{ exact: false, includeSearch: false }}
              >
                <Icon size={16} strokeWidth={1.5} aria-hidden />
                <span>{word}</span>
              </Link>
            </li>
          ))}
        </ul>
        <div className={styles.foot}>
          <IntakeLight project={project} />
          <div className={styles.hints}>
            <button type="button" onClick={() => setLayer("palette")}>
              Go to… <kbd>{isMac ? "⌘K" : "Ctrl K"}</kbd>
            </button>
            <button type="button" onClick={() => setLayer("sheet")}>
              Keys <kbd>?</kbd>
            </button>
          </div>
        </div>
      </nav>
      <main ref={main} id="screen" className={styles.screen} tabIndex={-1}>
        <Outlet />
      </main>
      <ToastRegion />
      <Suspense>
        {layer === "palette" && <Palette project={project} open close={() => setLayer(null)} />}
        {layer === "sheet" && <KeySheet open close={() => setLayer(null)} />}
      </Suspense>
    </div>
  );
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
