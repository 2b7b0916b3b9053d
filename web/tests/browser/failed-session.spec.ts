/**
 * The whole way: a failed session is found, replayed and judged, the rate moves, a hot spot is
 * followed, and the session is compared with one that worked.
 */
import type { Page } from "@playwright/test";
import { expect, test } from "./app";

const REFUNDS = "task_type:refund";

interface Told {
  figures: { name: string; now: { value: number | null; n: number | null } }[];
}

async function completion(url: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/overview?since=7d&q=${REFUNDS}`);
  const { figures } = (await answer.json()) as Told;
  const rate = figures.find((figure) => figure.name === "task_completion_rate");
  return rate?.now.value ?? Number.NaN;
}

function rows(page: Page) {
  return page
    .getByRole("grid", { name: "Sessions" })
    .getByRole("row")
    .filter({
      has: page.getByRole("link"),
    });
}

test("from a figure to the step where it went wrong, a judgement, and a rate that moved", async ({
  page,
  filled,
}) => {
  const before = await completion(filled);
  expect(before).toBeCloseTo(2 / 3, 5);

  await page.goto(`${filled}/p/default/overview?q=${REFUNDS}`);
  const rate = page.getByRole("link", { name: /^Task completion rate/ });
  await expect(rate).toContainText("67");
  await expect(rate).toContainText("of 60");
  await rate.click();
  await expect(page).toHaveURL(/\/sessions\?/);

  const filter = page.getByRole("combobox", { name: "Filter" });
  await filter.fill(`${REFUNDS} outcome:failure`);
  await filter.press("Enter");
  await expect(page.getByRole("grid", { name: "Sessions" })).toHaveAttribute("aria-rowcount", "21");
  await rows(page).first().getByRole("link").first().click();

  await expect(page.getByRole("heading", { level: 1 })).toContainText("refund order");
  await expect(page.getByRole("banner").or(page.getByRole("main")).first()).toContainText(
    "failure",
  );
  await expect(page.getByText(/^Step 1\b/)).toBeVisible();
  await page.keyboard.press("e");
  await expect(page).toHaveURL(/step=\d+/);
  await expect(page.getByText("the bank refuses: account closed").first()).toBeVisible();

  await page.getByRole("button", { name: "Mark…" }).click();
  const form = page.getByRole("dialog", { name: "Your judgement" });
  await form.getByRole("button", { name: /Outcome/ }).click();
  await page.getByRole("option", { name: "success", exact: true }).click();
  await form.getByRole("textbox", { name: "Why" }).fill("refunded by hand afterwards");
  await form.getByRole("button", { name: "Store judgement" }).click();
  await expect(page.getByText("Your judgement is stored.")).toBeVisible();
  await expect(form).toBeHidden();
  await expect(page.getByRole("main")).toContainText("refunded by hand afterwards");

  expect(await completion(filled)).toBeCloseTo(41 / 60, 5);
  await page.goto(`${filled}/p/default/overview?q=${REFUNDS}`);
  await expect(page.getByRole("link", { name: /^Task completion rate/ })).toContainText("68");
});

test("a hot spot leads to its node, and the node to its sessions", async ({ page, filled }) => {
  await page.goto(`${filled}/p/default/tasks/refund`);
  await expect(page.getByRole("heading", { name: "Where sessions fail" })).toBeVisible();
  const failing = page.getByRole("table", { name: /fail more often/ });
  await failing.getByRole("link").first().click();
  await expect(page).toHaveURL(/node=/);
  const people = page.getByRole("table", { name: /people were asked/ });
  await expect(people).toContainText("always");
  await page
    .getByRole("link", { name: /sessions$/ })
    .first()
    .click();
  await expect(page).toHaveURL(/\/sessions/);
});

test("two sessions are chosen by keyboard alone and compared", async ({ page, filled }) => {
  await page.goto(`${filled}/p/default/sessions?q=${REFUNDS}&sort=started`);
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  const chosen = page.getByRole("region", { name: "Selected sessions" });
  await expect(chosen).toContainText("2 sessions selected");
  await chosen.getByRole("link", { name: "Compare" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Two sessions" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Step by step" })).toBeVisible();
  await expect(page.getByText("ask_bank").first()).toBeVisible();
});

test("the selected step is the same in every view, and in the address", async ({
  page,
  filled,
}) => {
  const answer = await fetch(`${filled}/api/v1/sessions?${new URLSearchParams({ q: REFUNDS })}`);
  const { sessions } = (await answer.json()) as { sessions: { session_id: string }[] };
  const id = sessions[1]?.session_id ?? "";
  await page.goto(`${filled}/p/default/sessions/${id}?step=3`);
  for (const view of ["Timeline", "Tree", "Decisions", "Cost", "People", "Problems", "Raw"]) {
    await page
      .getByRole("navigation", { name: /views/i })
      .getByRole("link", { name: view })
      .click();
    await expect(page).toHaveURL(new RegExp(`/${view.toLowerCase()}\\?step=3`));
  }
  await page.keyboard.press("1");
  await expect(page).toHaveURL(new RegExp(`/sessions/${id}(/replay)?\\?step=3`));
});

test("a link to a step brings its place in the transcript into sight", async ({ page, filled }) => {
  const answer = await fetch(`${filled}/api/v1/sessions?sort=-spans&limit=1`);
  const { sessions } = (await answer.json()) as { sessions: { session_id: string }[] };
  const id = sessions[0]?.session_id ?? "";
  const record = await fetch(`${filled}/api/v1/sessions/${id}`);
  const { step_count } = (await record.json()) as { step_count: number };
  const step = Math.floor(step_count / 2);
  expect(step).toBeGreaterThan(20);
  await page.goto(`${filled}/p/default/sessions/${id}?step=${step}`);
  const transcript = page.getByRole("feed", { name: "Transcript" });
  await expect.poll(() => transcript.evaluate((feed) => feed.scrollTop)).toBeGreaterThan(500);
  await expect(transcript.getByText(String(step), { exact: true }).first()).toBeInViewport();
});
