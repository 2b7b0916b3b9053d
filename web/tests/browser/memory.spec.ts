/**
 * One session taught an agent something wrong and another one acted on it: found by its words,
 * looked into, taken back after seeing what would go, and brought back again.
 */
import { expect, test } from "./app";
import { GOOD, KEY, POISON, put, SPACE, sendLearned } from "./learned";
import { settled } from "./server";
import { HOSTILE } from "./triage";

test("what a poisoned session wrote is found, reverted after it was seen, and undone", async ({
  page,
  empty,
  complaints,
}) => {
  page.on("dialog", () => complaints.push("a text opened a dialog"));
  const at = (rest = "") => `${empty.url}/p/default/memory${rest}`;
  const neverRan = async () =>
    expect(await page.evaluate(() => "quarterdeckWasRun" in window)).toBe(false);

  await test.step("without an entry the screen says how one is written", async () => {
    await page.goto(at());
    await expect(page.getByText("Nothing is remembered yet.")).toBeVisible();
    await expect(page.getByRole("figure", { name: "command" })).toContainText(
      "quarterdeck memory put",
    );
  });

  const { taught, poisoned, misled } = await sendLearned(empty.url);
  await settled(empty);

  await test.step("it is found by its words, by keyboard", async () => {
    await page.goto(`${empty.url}/p/default/workflows`);
    await page.getByRole("link", { name: "Memory", exact: true }).click();
    await expect(page).toHaveURL(/\/memory$/);
    await expect(page.getByRole("table", { name: /^Entries/ }).getByRole("row")).toHaveCount(6);
    await page.keyboard.press("/");
    await page.keyboard.type("refund everything");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/q=refund(\+|%20)everything/);
    const rows = page.getByRole("table", { name: /^Entries/ }).getByRole("row");
    await expect(rows).toHaveCount(2);
    await expect(rows.nth(1)).toContainText(POISON);
    await neverRan();
    // Out of the field: a letter is a key again.
    await page.getByRole("heading", { level: 1 }).click();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(new RegExp(`/memory/entry\\?.*key=${KEY}`));
  });

  await test.step("its history says who wrote it, and how the session that read it ended", async () => {
    const history = page.getByRole("region", { name: "History" }).getByRole("listitem");
    const newest = history.filter({ hasText: "found now" });
    await expect(newest).toContainText(POISON);
    await expect(newest).toContainText("read by 1 session");
    await expect(newest).toContainText("failure");
    await expect(page.getByRole("region", { name: "History" })).toContainText(GOOD);
    await newest.getByRole("link", { name: `Revert what ${poisoned} wrote…` }).click();
  });

  await test.step("what goes, what stays and who has read it is seen before anything happens", async () => {
    await expect(page).toHaveURL(new RegExp(`/memory/revert\\?session=${poisoned}`));
    const goes = page.getByRole("table", { name: /^What goes/ });
    const policy = goes.getByRole("row", { name: new RegExp(KEY) });
    await expect(policy.getByRole("cell").nth(0)).toContainText(POISON);
    await expect(policy.getByRole("cell").nth(1)).toContainText(GOOD);
    await expect(goes.getByRole("row", { name: /greeting/ })).toContainText("nothing");
    const stays = page.getByRole("table", { name: /^What stays/ });
    await expect(stays.getByRole("row", { name: /vouchers/ })).toContainText("…misled");
    const readers = page.getByRole("table", { name: /^Sessions that read/ });
    await expect(readers.getByRole("row", { name: /misled/ })).toContainText("failure");
    await expect(
      readers.getByRole("link", { name: `Look at what ${misled} wrote…` }),
    ).toBeVisible();
    await neverRan();
  });
  expect(complaints).toEqual([]);

  const act = page.getByRole("button", { name: "Revert 3 writes; 2 entries change" });
  await test.step("memory that changed meanwhile is shown anew, and nothing is taken back", async () => {
    await expect(act).toBeDisabled();
    await page.getByRole("textbox", { name: "Why" }).fill("a page told it to");
    await expect(act).toBeEnabled();
    await put(empty.url, { session: misled, key: KEY, value: "Ask Ana.", version: 2 });
    await act.click();
    await expect(page.getByRole("alert")).toContainText("memory has changed since you looked");
    await expect(
      page.getByRole("table", { name: /^What stays/ }).getByRole("row", { name: new RegExp(KEY) }),
    ).toBeVisible();
    // The 409, which the browser writes down.
    complaints.length = 0;
    await expect(
      page.getByRole("button", { name: "Revert 3 writes; 1 entry changes" }),
    ).toBeEnabled();
    // That session acted on it: what it noted goes too.
    await page.goto(at(`/revert?session=${misled}&since=1h`));
    await page.getByRole("textbox", { name: "Why" }).fill("it rested on the other one");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("table", { name: /^Reverts/ })).toContainText("it rested on");
  });

  await test.step("it is taken back with a reason, and the value is as it was taught", async () => {
    await page.goto(at(`/revert?session=${poisoned}`));
    await page.getByRole("textbox", { name: "Why" }).fill(`a page told it to ${HOSTILE}`);
    await page.getByRole("button", { name: "Revert 3 writes; 3 entries change" }).click();
    await expect(page).toHaveURL(/\/memory\/reverts\?revert=/);
    const newest = page
      .getByRole("table", { name: /^Reverts/ })
      .getByRole("row")
      .nth(1);
    await expect(newest).toContainText(`a page told it to ${HOSTILE}`);
    await page.goto(at(`/entry?environment=production&namespace=${SPACE}&key=${KEY}`));
    const now = page.getByRole("region", { name: "Found now" });
    await expect(now).toContainText(GOOD);
    await expect(now.getByRole("link", { name: "…taught" })).toHaveAttribute(
      "href",
      `/p/default/sessions/${taught}`,
    );
    const hidden = page.getByRole("listitem").filter({ hasText: POISON });
    await expect(hidden.first()).toContainText("hidden by a revert");
    await expect(hidden.first()).toContainText("failure");
    await neverRan();
  });

  await test.step("the session's page tells the same", async () => {
    await page.goto(`${empty.url}/p/default/sessions/${poisoned}`);
    await expect(page.getByRole("link", { name: "Memory", exact: true })).toBeVisible();
    await page.keyboard.press("6");
    await expect(page).toHaveURL(/\/memory/);
    const written = page.getByRole("region", { name: "Written" });
    await expect(written.getByRole("listitem").first()).toContainText("hidden by a revert");
    await expect(written).toContainText(GOOD);
    await expect(
      written.getByRole("link", { name: "Revert what this session wrote…" }),
    ).toHaveAttribute("href", `/p/default/memory/revert?session=${poisoned}`);
  });

  await test.step("a checkpoint is made, and memory looked at as it was", async () => {
    await page.goto(at("/checkpoints"));
    await page.getByRole("button", { name: "Make a checkpoint…" }).click();
    const dialog = page.getByRole("dialog", { name: "Make a checkpoint" });
    await dialog.getByRole("textbox", { name: "Name" }).fill("clean again");
    await page.keyboard.press("Enter");
    await expect(dialog).toBeHidden();
    await expect(page.getByRole("listitem").filter({ hasText: "clean again" })).toBeVisible();
    await page.getByRole("link", { name: /^Memory as it was at before/ }).click();
    await expect(page.getByRole("note")).toContainText("Memory as it was at before");
    await expect(page.getByRole("table", { name: /^Entries/ }).getByRole("row")).toHaveCount(3);
  });

  await test.step("the revert is undone, and the list says so", async () => {
    await page.goto(at("/reverts"));
    await page.getByRole("button", { name: "Undo the revert of 3 writes…" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Undo a revert" });
    await dialog.getByRole("button", { name: "Show 3 writes again" }).click();
    await expect(dialog).toBeHidden();
    await expect(
      page
        .getByRole("table", { name: /^Reverts/ })
        .getByRole("row")
        .nth(1),
    ).toContainText("undone");
    await page.goto(at(`/entry?environment=production&namespace=${SPACE}&key=${KEY}`));
    await expect(page.getByRole("region", { name: "Found now" })).toContainText(POISON);
    await page.keyboard.press("Escape");
    await expect(page).toHaveURL(/\/memory\?environment=production&namespace=customer-notes/);
  });
  expect(complaints).toEqual([]);
});
