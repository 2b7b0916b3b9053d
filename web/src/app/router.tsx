/**
 * Every address of the app, with the screen that it shows.
 *
 * A folder of `screens/` for each; all but the frame are loaded when first opened. What changes
 * what is seen stands in the search parameters, which each screen's `address.ts` types.
 */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from "@tanstack/react-router";
import {
  entryAddress,
  memoryAddress,
  revertAddress,
  revertsAddress,
} from "@/screens/memory/address";
import { overviewAddress } from "@/screens/overview/address";
import { sessionAddress } from "@/screens/session/address";
import { sessionsAddress } from "@/screens/sessions/address";
import { settingsAddress } from "@/screens/settings/address";
import { taskAddress, tasksAddress } from "@/screens/tasks/address";
import { welcomeAddress } from "@/screens/welcome/address";
import { compareAddress, versionAddress, workflowAddress } from "@/screens/workflows/address";
import { parseAddress, writeAddress } from "./address";
import { Frame } from "./frame/Frame";
import { NotHere } from "./frame/NotHere";
import { ScreenFailed } from "./frame/ScreenFailed";

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotHere,
  errorComponent: ScreenFailed,
});

const start = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("@/screens/start/Start"), "Start"),
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>) =>
    typeof search.back === "string" && search.back.startsWith("/") && !search.back.startsWith("//")
      ? { back: search.back }
      : {},
  component: lazyRouteComponent(() => import("@/screens/login/Login"), "Login"),
});

const project = createRoute({
  getParentRoute: () => root,
  path: "/p/$project",
  component: Frame,
});

const welcome = createRoute({
  getParentRoute: () => project,
  path: "/welcome",
  validateSearch: welcomeAddress,
  component: lazyRouteComponent(() => import("@/screens/welcome/Welcome"), "Welcome"),
});

const overview = createRoute({
  getParentRoute: () => project,
  path: "/overview",
  validateSearch: overviewAddress,
  component: lazyRouteComponent(() => import("@/screens/overview/Overview"), "Overview"),
});

const sessions = createRoute({
  getParentRoute: () => project,
  path: "/sessions",
  validateSearch: sessionsAddress,
  component: lazyRouteComponent(() => import("@/screens/sessions/Sessions"), "Sessions"),
});

/** `sessions/<id>` is the replay; `sessions/<a>...<b>` compares two. */
const session = createRoute({
  getParentRoute: () => project,
  path: "/sessions/$session",
  validateSearch: sessionAddress,
  component: lazyRouteComponent(() => import("@/screens/session/Session"), "Session"),
});

const sessionView = createRoute({
  getParentRoute: () => project,
  path: "/sessions/$session/$view",
  validateSearch: sessionAddress,
  component: lazyRouteComponent(() => import("@/screens/session/Session"), "Session"),
});

const tasks = createRoute({
  getParentRoute: () => project,
  path: "/tasks",
  validateSearch: tasksAddress,
  component: lazyRouteComponent(() => import("@/screens/tasks/Tasks"), "Tasks"),
});

const task = createRoute({
  getParentRoute: () => project,
  path: "/tasks/$task",
  validateSearch: taskAddress,
  component: lazyRouteComponent(() => import("@/screens/tasks/Task"), "Task"),
});

const workflows = createRoute({
  getParentRoute: () => project,
  path: "/workflows",
  component: lazyRouteComponent(() => import("@/screens/workflows/list/Workflows"), "Workflows"),
});

const workflow = createRoute({
  getParentRoute: () => project,
  path: "/workflows/$workflow",
  validateSearch: workflowAddress,
  component: lazyRouteComponent(() => import("@/screens/workflows/workflow/Workflow"), "Workflow"),
});

const workflowVersion = createRoute({
  getParentRoute: () => project,
  path: "/workflows/$workflow/versions/$version",
  validateSearch: versionAddress,
  component: lazyRouteComponent(() => import("@/screens/workflows/version/Version"), "Version"),
});

/** `compare/13...14`. */
const workflowCompare = createRoute({
  getParentRoute: () => project,
  path: "/workflows/$workflow/compare/$range",
  validateSearch: compareAddress,
  component: lazyRouteComponent(() => import("@/screens/workflows/compare/Compare"), "Compare"),
});

const workflowEnvironment = createRoute({
  getParentRoute: () => project,
  path: "/workflows/$workflow/environments/$environment",
  component: lazyRouteComponent(
    () => import("@/screens/workflows/environment/Environment"),
    "Environment",
  ),
});

const workflowRelease = createRoute({
  getParentRoute: () => project,
  path: "/workflows/$workflow/releases/$release",
  component: lazyRouteComponent(() => import("@/screens/workflows/release/Release"), "Release"),
});

const memory = createRoute({
  getParentRoute: () => project,
  path: "/memory",
  validateSearch: memoryAddress,
  component: lazyRouteComponent(() => import("@/screens/memory/entries/Entries"), "Entries"),
});

/** Which entry is in the search: a key and a namespace may hold anything, slashes too. */
const memoryEntry = createRoute({
  getParentRoute: () => project,
  path: "/memory/entry",
  validateSearch: entryAddress,
  component: lazyRouteComponent(() => import("@/screens/memory/entry/Entry"), "Entry"),
});

const memoryCheckpoints = createRoute({
  getParentRoute: () => project,
  path: "/memory/checkpoints",
  component: lazyRouteComponent(
    () => import("@/screens/memory/checkpoints/Checkpoints"),
    "Checkpoints",
  ),
});

/** What a revert would do, and the revert. */
const memoryRevert = createRoute({
  getParentRoute: () => project,
  path: "/memory/revert",
  validateSearch: revertAddress,
  component: lazyRouteComponent(() => import("@/screens/memory/revert/Revert"), "Revert"),
});

const memoryReverts = createRoute({
  getParentRoute: () => project,
  path: "/memory/reverts",
  validateSearch: revertsAddress,
  component: lazyRouteComponent(() => import("@/screens/memory/reverts/Reverts"), "Reverts"),
});

const settings = createRoute({
  getParentRoute: () => project,
  path: "/settings",
  validateSearch: settingsAddress,
  component: lazyRouteComponent(() => import("@/screens/settings/Settings"), "Settings"),
});

const settingsSection = createRoute({
  getParentRoute: () => project,
  path: "/settings/$section",
  validateSearch: settingsAddress,
  component: lazyRouteComponent(() => import("@/screens/settings/Settings"), "Settings"),
});

const routeTree = root.addChildren([
  start,
  login,
  project.addChildren([
    welcome,
    overview,
    sessions,
    session,
    sessionView,
    tasks,
    task,
    workflows,
    workflow,
    workflowVersion,
    workflowCompare,
    workflowEnvironment,
    workflowRelease,
    memory,
    memoryEntry,
    memoryCheckpoints,
    memoryRevert,
    memoryReverts,
    settings,
    settingsSection,
  ]),
]);

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree,
    context: { queries },
    parseSearch: parseAddress,
    stringifySearch: writeAddress,
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultNotFoundComponent: NotHere,
    defaultErrorComponent: ScreenFailed,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
