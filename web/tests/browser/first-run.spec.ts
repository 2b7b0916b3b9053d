/** First run: from an empty server to the first session on the screen, by what the page says. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "./app";
import { PYTHON } from "./server";

const run = promisify(execFile);

test("what the page says to run makes the first session appear by itself", async ({
  page,
  empty,
}) => {
  await page.goto(empty.url);
  await expect(page).toHaveURL(/\/p\/default\/welcome/);
  await expect(page.getByText("Waiting for the first span")).toBeVisible();
  for (const name of ["LangGraph", "CrewAI", "AutoGen", "OpenAI Agents", "Pydantic AI"]) {
    await page.getByRole("button", { name, exact: true }).click();
    await expect(page.getByRole("figure", { name: /Install/ }).first()).toContainText(
      "pip install quarterdeck",
    );
  }
  await page.getByRole("button", { name: "Python SDK", exact: true }).click();
  const figure = page.getByRole("figure", { name: "Python SDK: A whole session by hand" });
  const program = await figure.locator("pre").innerText();
  await run(PYTHON, ["-c", program], {
    env: { ...process.env, QUARTERDECK_URL: empty.url, QUARTERDECK_API_KEY: "" },
  });
  await expect(page.getByText("The first session is here")).toBeVisible();
  await page.getByRole("link", { name: "Watch it" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("close ticket 4211");
});

test("a request that was turned away is listed with what to do", async ({ page, empty }) => {
  await page.goto(`${empty.url}/p/default/welcome`);
  await fetch(`${empty.url}/v1/trace`, { method: "POST", body: "{}" });
  const row = page.getByRole("row", { name: /POST \/v1\/trace/ });
  await expect(row).toContainText("/v1/traces");
  await expect(row).toContainText("404");
});
