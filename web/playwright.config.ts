/**
 * Journeys in a real browser against a real server: Debian's Chromium, `quarterdeck up` in a
 * process of its own with a data folder of its own.
 *
 * Nothing is downloaded, nothing is stubbed. `make test` runs them; `make screenshots` makes the
 * pictures of every screen.
 */
import { defineConfig } from "@playwright/test";

const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "tests/browser",
  globalSetup: "./tests/browser/global-setup.ts",
  outputDir: "test-results",
  workers: 2,
  fullyParallel: false,
  // A failure is looked into, not tried again.
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    viewport: { width: 1280, height: 720 },
    timezoneId: "UTC",
    locale: "en-GB",
    launchOptions: {
      executablePath: chromium,
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"],
    },
    trace: "retain-on-failure",
  },
  projects: [
    { name: "journeys", testMatch: /.*\.spec\.ts/ },
    { name: "pictures", testMatch: /.*\.pictures\.ts/ },
  ],
});
