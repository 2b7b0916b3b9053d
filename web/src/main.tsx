/** Starts the app: theme before the first paint, then the router. */
import "./styles/tokens.css";
import "./styles/base.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Refused } from "./api/client";
import { applyDensity } from "./app/density";
import { makeRouter } from "./app/router";
import { followTheme } from "./app/theme";

followTheme();
applyDensity();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: false,
      // What was refused once is refused again; only an absent server is asked twice.
      retry: (failures, error) => !(error instanceof Refused) && failures < 2,
    },
  },
});

const place = document.getElementById("app");
if (!place) throw new Error("index.html has no place for the app");
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={makeRouter(queries)} />
    </QueryClientProvider>
  </StrictMode>,
);
