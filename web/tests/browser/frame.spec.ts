/** The frame: it starts, leads everywhere by keyboard, and breaks no rule of the browser. */
import { expect, test } from "./app";

test("the start leads to the overview of the project, served under a strict policy", async ({
  page,
  filled,
}) => {
  const answer = await page.goto(filled);
  const policy = answer?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  await expect(page).toHaveURL(/\/p\/default\/overview/);
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
});

test("the keyboard goes to each screen and shows the keys that work there", async ({
  page,
  filled,
}) => {
  await page.goto(`${filled}/p/default/overview`);
  await expect(page.getByRole("link", { name: "Sessions", exact: true })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await expect(page).toHaveURL(/\/p\/default\/sessions/);
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await expect(page).toHaveURL(/\/p\/default\/tasks/);
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keys that work here" });
  await expect(sheet).toContainText("Go to anything");
  await page.keyboard.press("Escape");
  await expect(sheet).toBeHidden();
  await page.keyboard.press("Control+k");
  const field = page.getByRole("searchbox", { name: "Go to anything" });
  await field.fill("over");
  await expect(page.getByRole("menuitem", { name: "Overview" })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/p\/default\/overview/);
});

test("an address that shows nothing says so and leads on", async ({ page, filled }) => {
  await page.goto(`${filled}/p/default/nowhere`);
  await expect(page.getByRole("heading", { name: "This address shows nothing." })).toBeVisible();
  await page.getByRole("link", { name: /^Sessions of/ }).click();
  await expect(page).toHaveURL(/\/p\/default\/sessions/);
});
