/**
 * All parts on one page, for looking at and for tests in a browser: `npx vite`, then
 * /tests/gallery/index.html. No part of the build.
 */
import "@/styles/tokens.css";
import "@/styles/base.css";
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { followTheme } from "@/app/theme";
import { Gallery } from "./Gallery";

followTheme();
const router = createRouter({
  routeTree: createRootRoute({ component: Gallery, notFoundComponent: Gallery }),
  history: createMemoryHistory(),
});
const place = document.getElementById("app");
if (place) createRoot(place).render(<RouterProvider router={router as never} />);
