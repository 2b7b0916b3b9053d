/**
 * Every screen of the app, by its address: what axe checks, what pictures are made of.
 *
 * A screen that is missing here is a screen nobody looks at; `every-screen.spec.ts` compares this
 * list with the router's.
 */
import type { Page } from "@playwright/test";
import { KEY, SPACE } from "./learned";
import { NAME } from "./triage";

export interface Screen {
  name: string;
  /** The route's pattern in `src/app/router.tsx`. */
  route: string;
  /** Its address on a server with sessions. */
  path: (some: Known) => string;
  /** The browser writes down that something is not there, which is what the screen is about. */
  complains?: boolean;
  /** Useful on a phone too: pictures and axe at 390 px. */
  phone?: boolean;
}

/** What the filled server holds that addresses need. */
export interface Known {
  /** Of the canary that runs. */
  release: string;
  session: string;
  other: string;
  failed: string;
  /** The session that wrote something wrong into memory. */
  poisoned: string;
  task: string;
}

const views = [
  "timeline",
  "tree",
  "decisions",
  "cost",
  "memory",
  "people",
  "problems",
  "raw",
] as const;
const sections = [
  "intake",
  "project",
  "access",
  "keys",
  "session-key",
  "prices",
  "redaction",
  "retention",
  "audit",
  "preferences",
] as const;

export const SCREENS: readonly Screen[] = [
  { name: "welcome", route: "/p/$project/welcome", path: () => "/p/default/welcome", phone: true },
  {
    name: "overview",
    route: "/p/$project/overview",
    path: () => "/p/default/overview?since=5200w",
    phone: true,
  },
  {
    name: "sessions",
    route: "/p/$project/sessions",
    path: () => "/p/default/sessions",
    phone: true,
  },
  {
    name: "sessions-none",
    route: "/p/$project/sessions",
    path: () => "/p/default/sessions?q=tool:no_such_tool",
  },
  {
    name: "session-replay",
    route: "/p/$project/sessions/$session",
    path: (some) => `/p/default/sessions/${some.failed}`,
    phone: true,
  },
  ...views.map((view) => ({
    name: `session-${view}`,
    route: "/p/$project/sessions/$session/$view",
    path: (some: Known) => `/p/default/sessions/${some.failed}/${view}`,
  })),
  {
    name: "compare",
    route: "/p/$project/sessions/$session",
    path: (some) => `/p/default/sessions/${some.session}...${some.other}`,
  },
  { name: "tasks", route: "/p/$project/tasks", path: () => "/p/default/tasks", phone: true },
  {
    name: "task",
    route: "/p/$project/tasks/$task",
    path: (some) => `/p/default/tasks/${encodeURIComponent(some.task)}`,
    phone: true,
  },
  {
    name: "workflows",
    route: "/p/$project/workflows",
    path: () => "/p/default/workflows",
  },
  {
    name: "workflow",
    route: "/p/$project/workflows/$workflow",
    path: () => `/p/default/workflows/${NAME}`,
  },
  {
    name: "workflow-version",
    route: "/p/$project/workflows/$workflow/versions/$version",
    path: () => `/p/default/workflows/${NAME}/versions/2`,
  },
  {
    name: "workflow-version-none",
    route: "/p/$project/workflows/$workflow/versions/$version",
    path: () => "/p/default/workflows/till/versions/2",
    complains: true,
  },
  {
    name: "workflow-compare",
    route: "/p/$project/workflows/$workflow/compare/$range",
    path: () => `/p/default/workflows/${NAME}/compare/1...2`,
  },
  {
    name: "workflow-environment",
    route: "/p/$project/workflows/$workflow/environments/$environment",
    path: () => `/p/default/workflows/${NAME}/environments/production`,
  },
  {
    name: "workflow-release",
    route: "/p/$project/workflows/$workflow/releases/$release",
    path: (some) => `/p/default/workflows/${NAME}/releases/${some.release}`,
  },
  { name: "memory", route: "/p/$project/memory", path: () => "/p/default/memory" },
  {
    name: "memory-entry",
    route: "/p/$project/memory/entry",
    path: () => `/p/default/memory/entry?environment=production&namespace=${SPACE}&key=${KEY}`,
  },
  {
    name: "memory-checkpoints",
    route: "/p/$project/memory/checkpoints",
    path: () => "/p/default/memory/checkpoints",
  },
  {
    name: "memory-revert",
    route: "/p/$project/memory/revert",
    path: (some) => `/p/default/memory/revert?session=${some.poisoned}`,
  },
  {
    name: "memory-reverts",
    route: "/p/$project/memory/reverts",
    path: () => "/p/default/memory/reverts",
  },
  {
    name: "session-memory-written",
    route: "/p/$project/sessions/$session/$view",
    path: (some) => `/p/default/sessions/${some.poisoned}/memory`,
  },
  {
    name: "settings",
    route: "/p/$project/settings",
    path: () => "/p/default/settings",
    phone: true,
  },
  ...sections.map((section) => ({
    name: `settings-${section}`,
    route: "/p/$project/settings/$section",
    path: () => `/p/default/settings/${section}`,
  })),
  { name: "login", route: "/login", path: () => "/login", phone: true },
  { name: "not-here", route: "", path: () => "/p/default/nowhere" },
];

interface Row {
  session_id: string;
  task_type: string | null;
}

/** Sessions and a task type of this server to look at. */
export async function knownOf(url: string): Promise<Known> {
  const rows = async (query: string): Promise<Row[]> => {
    const answer = await fetch(`${url}/api/v1/sessions?${query}`);
    return ((await answer.json()) as { sessions: Row[] }).sessions;
  };
  const failed = (await rows("q=outcome:failure&sort=-spans&limit=5"))[0];
  const any = (await rows("sort=-spans&limit=5"))[0];
  const first = failed ?? any;
  if (!first) throw new Error("the server holds no session");
  const task = first.task_type ?? "";
  const alike = await rows(`task_type=${encodeURIComponent(task)}&sort=-spans&limit=5`);
  const [session = first, other = first] = alike;
  const { releases } = (await (await fetch(`${url}/api/v1/releases`)).json()) as {
    releases: { release_id: string }[];
  };
  const { entries } = (await (
    await fetch(`${url}/api/v1/memory/entries?namespace=${SPACE}&prefix=${KEY}`)
  ).json()) as { entries: { provenance: { session_id: string } }[] };
  return {
    poisoned: entries[0]?.provenance.session_id ?? "",
    release: releases[0]?.release_id ?? "",
    failed: first.session_id,
    session: session.session_id,
    other: other.session_id,
    task,
  };
}

/** Nothing is loading any more. */
export async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.querySelector("h1, h2, [role=heading]") !== null &&
      document.querySelector("[aria-busy=true]") === null,
  );
  await page.evaluate(() => document.fonts.ready);
}
