// The build that goes into the wheel: hashed names, a manifest for the size budget, no inline
// script or style (the server's CSP allows neither), and no request to another host.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.QUARTERDECK_URL ?? "http://127.0.0.1:4400";
const proxied = { target: server, changeOrigin: true };

export default defineConfig({
  plugins: [react()],
  base: "/",
  // `@/…` is src/…, as tsconfig.json says.
  resolve: { tsconfigPaths: true },
  build: {
    outDir: "../src/quarterdeck/web",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  worker: { format: "es" },
  // `npm run dev` beside a running server.
  server: { proxy: { "/api": proxied, "/openapi.json": proxied, "/healthz": proxied } },
  test: { include: ["tests/unit/**/*.test.{ts,tsx}"], environment: "node", testTimeout: 60_000 },
} as Parameters<typeof defineConfig>[0]);
