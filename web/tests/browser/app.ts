/**
 * The test object of every browser test: a page that may do nothing which a browser complains of.
 *
 * A console error, a CSP violation, a request to another host, an exception that nobody caught:
 * each fails the test, whatever it was about.
 */
import { test as base, expect, type Page } from "@playwright/test";
import { type Server, startServer } from "./server";

interface Fixtures {
  /** The address of the server with recorded sessions. */
  filled: string;
  /** A server of this test alone, with nothing in it. */
  empty: Server;
  /** What the browser complained of; a test that provokes a complaint empties it. */
  complaints: string[];
}

export const test = base.extend<Fixtures>({
  filled: async ({ browserName: _ }, use) => {
    await use(process.env.QUARTERDECK_FILLED ?? "");
  },
  empty: async ({ page }, use) => {
    const server = await startServer();
    await use(server);
    // A page that still asks would complain that nobody answers.
    await page.goto("about:blank");
    await server.stop();
  },
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      await watch(page, complaints);
      await use(complaints);
      expect(complaints, "what the browser complained of").toEqual([]);
    },
    { auto: true },
  ],
});

async function watch(page: Page, complaints: string[]): Promise<void> {
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    const isOurs = hostname === "127.0.0.1" || protocol === "data:" || protocol === "blob:";
    if (!isOurs) complaints.push(`foreign request: ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      // biome-ignore lint/suspicious/noConsole: the way out of the page to the test
      console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
}

export { expect };
