/**
 * The whole way of a version: pushed, compared, given to a share, looked at, and taken back with a
 * reason; by mouse, and what matters in a hurry by keyboard alone.
 */
import { expect, test } from "./app";
import { settled } from "./server";
import { HOSTILE, moveTriage, NAME, pushTriage, sendTriage } from "./triage";

const at = (url: string, rest = "") => `${url}/p/default/workflows${rest}`;

test("a version is pushed, compared, released to a share, and taken back with a reason", async ({
  page,
  empty,
  complaints,
}) => {
  test.setTimeout(120_000);
  page.on("dialog", () => complaints.push("a text opened a dialog"));

  await test.step("without a version the screen says how to begin, from what was seen", async () => {
    await sendTriage(empty.url, 1, 3, 1);
    await settled(empty);
    await page.goto(at(empty.url));
    await expect(page.getByText("No version yet.")).toBeVisible();
    const drafted = page.getByRole("region", { name: "A manifest made from your sessions" });
    await expect(drafted).toContainText("3 sessions");
    await expect(drafted.getByRole("figure", { name: "workflow.yaml" })).toContainText("agents:");
  });

  await pushTriage(empty.url);
  await moveTriage(empty.url, { kind: "release", version: 1, reason: "the first" });

  await test.step("what changed is told by its meaning first, and every change can be looked at", async () => {
    await page.goto(`${empty.url}/p/default/overview`);
    await expect(page.getByRole("link", { name: "Workflows", exact: true })).toBeVisible();
    await page.keyboard.press("g");
    await page.keyboard.press("w");
    await page.getByRole("link", { name: NAME }).click();
    const versions = page.getByRole("table", { name: /Versions/ });
    await versions.getByRole("link", { name: /may now be called without asking/ }).click();
    await expect(page).toHaveURL(/compare\/1\.\.\.2/);
    const meaning = page.getByRole("region", { name: "What changed" });
    await expect(meaning).toContainText("block_card may now be called without asking");
    const texts = page.getByRole("table", { name: "prompts.triage, before and after" });
    await expect(texts).toContainText("equal lines");
    await expect(texts.locator("del").first()).toContainText("whenever");
    await expect(texts).toContainText(HOSTILE);
    expect(await page.evaluate(() => "quarterdeckWasRun" in window)).toBe(false);
    await page.keyboard.press("n");
    await expect(page).toHaveURL(/part=tools\.block_card\.permission/);
    await page.keyboard.press("v");
    await expect(page.getByText(/^1 viewed of \d+/)).toBeVisible();
  });

  await test.step("a share of the sessions is given from the version's page", async () => {
    await page.goto(at(empty.url, `/${NAME}/versions/2`));
    await page.getByRole("button", { name: "Release…" }).click();
    const dialog = page.getByRole("dialog", { name: `Release ${NAME}` });
    await dialog.getByRole("button", { name: /everyone/ }).click();
    await page.getByRole("option", { name: /^10/ }).click();
    await expect(dialog).toContainText("v1 90\u00a0% · v2 10\u00a0%");
    await dialog.getByRole("textbox", { name: "Why" }).fill("asks less");
    await dialog.getByRole("button", { name: "Start with 10\u00a0%" }).click();
    await expect(dialog).toBeHidden();
  });

  await test.step("both versions, the curve, and the bad sessions one click away", async () => {
    const began = Date.now();
    await sendTriage(empty.url, 1, 40, 8, began);
    await sendTriage(empty.url, 2, 30, 12, began);
    await settled(empty);
    await page.goto(at(empty.url, `/${NAME}`));
    await page.getByRole("link", { name: "Open release" }).click();
    const arms = page.getByRole("table", { name: /Figures of both versions/ });
    // The screen asks again by itself, the watch looks by itself.
    await expect(arms.getByRole("row", { name: /^Completion/ })).toContainText("of 30", {
      timeout: 40_000,
    });
    const curve = page.getByRole("figure", { name: /^Completion of v2 minus v1/ });
    await curve.focus();
    await page.keyboard.press("t");
    await expect(curve.getByRole("table")).toContainText("n v2");
    await page.getByRole("link", { name: "Failed sessions of v2" }).click();
    const sessions = page.getByRole("grid", { name: "Sessions" });
    await expect(sessions).toHaveAttribute("aria-rowcount", "13");
    await page.goBack();
  });

  await test.step("it is taken back, and the history says who and why", async () => {
    await page.getByRole("button", { name: "Roll back…" }).click();
    const back = page.getByRole("dialog", { name: "Roll back production" });
    await expect(back.getByRole("button", { name: "Roll back to v1" })).toBeDisabled();
    await back.getByRole("textbox", { name: "Why" }).fill(`it blocks too much ${HOSTILE}`);
    await back.getByRole("button", { name: "Roll back to v1" }).click();
    await expect(back).toBeHidden();
    await page.getByRole("link", { name: "Environment" }).click();
    const newest = page
      .getByRole("table", { name: /^Moves/ })
      .getByRole("row")
      .nth(1);
    await expect(newest).toContainText("rolled back to v1");
    await expect(newest).toContainText(`it blocks too much ${HOSTILE}`);
    expect(await page.evaluate(() => "quarterdeckWasRun" in window)).toBe(false);
  });

  await test.step("a bad release is taken back by keyboard alone", async () => {
    await moveTriage(empty.url, { kind: "release", version: 2, reason: "again" });
    await page.goto(at(empty.url, `/${NAME}`));
    const runs = page.getByRole("region", { name: "Environments" });
    await expect(runs.getByRole("listitem").first()).toContainText("v2 100\u00a0%");
    await page.keyboard.press("Shift+R");
    const back = page.getByRole("dialog", { name: "Roll back production" });
    await expect(back.getByRole("textbox", { name: "Why" })).toBeFocused();
    await expect(back.getByRole("textbox", { name: "Why" })).toHaveValue("");
    await page.keyboard.type("blocks too much");
    await expect(back.getByRole("button", { name: "Roll back to v1" })).toBeEnabled();
    await page.keyboard.press("Enter");
    await expect(back).toBeHidden();
    await expect(runs.getByRole("listitem").first()).toContainText("v1 100\u00a0%");
    await expect(runs).toContainText("blocks too much");
  });
  expect(complaints).toEqual([]);

  await test.step("who moved first is told, and nothing is moved over it", async () => {
    await moveTriage(empty.url, { kind: "release", version: 2, reason: "once more" });
    await page.goto(at(empty.url, `/${NAME}/environments/production`));
    await page.getByRole("button", { name: "Roll back…" }).click();
    const back = page.getByRole("dialog", { name: "Roll back production" });
    await back.getByRole("textbox", { name: "Why" }).fill("too late");
    await expect(back.getByRole("button", { name: "Roll back to v1" })).toBeEnabled();
    await moveTriage(empty.url, { kind: "rollback", reason: "I was first" });
    await back.getByRole("button", { name: "Roll back to v1" }).click();
    await expect(back.getByRole("alert")).toContainText("version 1");
    await back.getByRole("button", { name: "Leave it" }).click();
    const moves = page.getByRole("table", { name: /^Moves/ });
    await expect(moves).not.toContainText("too late");
    // The 409, which the browser writes down.
    complaints.length = 0;
  });
});
