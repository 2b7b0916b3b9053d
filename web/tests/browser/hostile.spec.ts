/**
 * Trace content is text from strangers: 300 of an attacker's texts in every field that a screen
 * shows run nothing, fetch nothing and leave the page whole.
 */
import { segment } from "../../src/app/address";
import { expect, test } from "./app";
import { hostileTrace, payloads } from "./hostile";
import { drawn } from "./screens";
import { settled, startServer } from "./server";

const VIEWS = ["", "timeline", "tree", "decisions", "cost", "memory", "people", "problems", "raw"];
const A_SESSION = 10; // texts in each session: every one of them is drawn without much scrolling

test("no text of a trace is run or fetched, on any screen", async ({ page, complaints }) => {
  test.setTimeout(400_000);
  const texts = payloads();
  expect(texts).toHaveLength(300);
  const server = await startServer();
  try {
    const sessions: string[] = [];
    for (let at = 0; at < texts.length; at += A_SESSION) {
      const session = `hostile-${at / A_SESSION}`;
      const answer = await fetch(`${server.url}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(
          hostileTrace(session, texts.slice(at, at + A_SESSION), Date.now() - 60_000),
        ),
      });
      expect(answer.status, await answer.text()).toBe(200);
      sessions.push(session);
    }
    await settled(server);
    page.on("dialog", async (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      await dialog.dismiss();
    });
    const look = async (path: string) => {
      await page.goto(server.url + path);
      await drawn(page);
      const ran = await page.evaluate(() => "quarterdeckWasRun" in window);
      expect(ran, `a script ran on ${path}`).toBe(false);
      expect(complaints, path).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide, `${path} is wider than its window`).toBeLessThanOrEqual(1280);
    };
    await look("/p/default/overview");
    await look("/p/default/sessions");
    await look("/p/default/tasks");
    await look("/p/default/settings/intake");
    for (const session of sessions) {
      await look(`/p/default/sessions/${session}`);
      await page.getByRole("main").hover();
      await page.mouse.wheel(0, 20_000);
    }
    // Each view once for each kind of text; the fields are the same in all sessions.
    for (const session of [sessions[0], sessions[3], sessions[9], sessions[20]]) {
      for (const view of VIEWS) await look(`/p/default/sessions/${session}/${view}`);
    }
    await look(`/p/default/sessions/${sessions[0]}...${sessions[1]}`);
    const tasks = (await (await fetch(`${server.url}/api/v1/tasks`)).json()) as {
      tasks: { task_type: string | null }[];
    };
    for (const { task_type } of tasks.tasks.slice(0, 12)) {
      // The server refuses control characters in any path.
      if (task_type && !/\p{Cc}/u.test(task_type)) {
        await look(`/p/default/tasks/${encodeURIComponent(segment(task_type))}`);
      }
    }
  } finally {
    await server.stop();
  }
});
