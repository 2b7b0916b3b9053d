/** Settings: nothing typed is lost, secrets are shown once, deletions are told in numbers. */
import type { Page } from "@playwright/test";
import { expect, test } from "./app";
import { type Server, settled } from "./server";

const SECTIONS = [
  ["intake", "Intake"],
  ["project", "Project"],
  ["access", "Access"],
  ["keys", "Keys"],
  ["session-key", "Session key"],
  ["prices", "Prices"],
  ["redaction", "Redaction"],
  ["retention", "Retention"],
  ["audit", "Audit log"],
  ["preferences", "My preferences"],
] as const;

const at = (url: string, section: string) => `${url}/p/default/settings/${section}`;
const field = (page: Page, name: string) => page.getByRole("textbox", { name, exact: true });

/** One old session of three spans, as an exporter sends it. */
async function send(server: Server): Promise<void> {
  const spans = ["1", "2", "3"].map((number) => ({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: number.repeat(16),
    name: "chat",
    startTimeUnixNano: "1735689600000000000",
    endTimeUnixNano: "1735689601000000000",
    attributes: [
      { key: "session.id", value: { stringValue: "old" } },
      { key: "gen_ai.operation.name", value: { stringValue: "chat" } },
      { key: "gen_ai.request.model", value: { stringValue: "llama-x" } },
      { key: "gen_ai.usage.input_tokens", value: { intValue: "10" } },
    ],
  }));
  const answer = await fetch(`${server.url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
  });
  expect(answer.ok).toBe(true);
  await settled(server);
}

async function projectOf(server: Server) {
  return (await fetch(`${server.url}/api/v1/project`)).json();
}

test("each section has its address and its heading, and the search finds what it holds", async ({
  page,
  filled,
}) => {
  await page.goto(`${filled}/p/default/settings`);
  const list = page.getByRole("navigation", { name: "Settings" });
  for (const [section, title] of SECTIONS) {
    await list.getByRole("link", { name: title }).click();
    await expect(page).toHaveURL(at(filled, section));
    await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
  }
  await list.getByRole("link", { name: "All settings" }).click();
  await page.getByRole("searchbox", { name: "Find a setting" }).fill("discount");
  await expect(page).toHaveURL(/q=discount/);
  await page.getByRole("main").getByRole("link", { name: "Prices Discount" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Prices" })).toBeVisible();
});

test("what became of what was received adds up, and a refusal says what to do", async ({
  page,
  empty,
}) => {
  await send(empty);
  await fetch(`${empty.url}/v1/trace`, { method: "POST", body: "{}" });
  await page.goto(at(empty.url, "intake"));
  const books = page.getByRole("table", { name: "Received items by what became of them" });
  const cells = books.locator("thead td[title], tbody td[title]");
  await expect(cells).toHaveCount(7);
  const counts = await cells.allTextContents();
  const [received = 0, ...became] = counts.map((text) => Number(text.replaceAll(",", "")));
  expect(became.length).toBe(6);
  expect(received).toBe(3);
  expect(became.reduce((sum, one) => sum + one, 0)).toBe(received);
  await expect(page.getByText("Did you mean /v1/traces?")).toBeVisible();
});

test("a change of somebody else is told, and what was typed stays and can be saved on top", async ({
  page,
  empty,
  complaints,
}) => {
  await page.goto(at(empty.url, "project"));
  await field(page, "Name").fill("Night shift");
  await expect(field(page, "Name")).toHaveValue("Night shift");
  const { name, settings } = await projectOf(empty);
  await fetch(`${empty.url}/api/v1/project`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...settings, name, session_key: "ticket.id" }),
  });
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByRole("alert")).toContainText("Session key");
  await expect(page.getByRole("alert")).toContainText("ticket.id");
  await expect(field(page, "Name")).toHaveValue("Night shift");
  await page.getByRole("button", { name: "Save changes on top of theirs" }).click();
  await expect(page.getByText("The project's settings are saved.")).toBeVisible();
  const shown = await projectOf(empty);
  expect(shown.name).toBe("Night shift");
  expect(shown.settings.session_key).toBe("ticket.id");
  // The 409 itself, which the browser writes down.
  complaints.length = 0;
});

test("leaving with something typed asks first", async ({ page, empty }) => {
  await page.goto(at(empty.url, "session-key"));
  const rule = field(page, "Attribute, or template of several");
  await rule.fill("{tenant}:{ticket.id}");
  await expect(page.getByRole("cell", { name: "acme:4211" })).toHaveCount(2);
  await page.getByRole("link", { name: "Retention" }).click();
  const asked = page.getByRole("dialog", { name: "Leave without saving?" });
  await asked.getByRole("button", { name: "Stay" }).click();
  await expect(rule).toHaveValue("{tenant}:{ticket.id}");
  await page.getByRole("link", { name: "Retention" }).click();
  await asked.getByRole("button", { name: "Leave without saving" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Retention" })).toBeVisible();
});

test("a price comes from the address, keeps every digit, and is changed and removed", async ({
  page,
  empty,
}) => {
  await page.goto(`${at(empty.url, "prices")}?model=llama-x`);
  await expect(field(page, "Model")).toHaveValue("llama-x");
  await field(page, "Input, $ per million tokens").fill("0.100000001");
  await field(page, "Output, $ per million tokens").fill("2.50");
  await field(page, "From (UTC)").fill("2026-02-01");
  await page.getByRole("button", { name: "Save price" }).click();
  const table = page.getByRole("table", { name: /^Your prices/ });
  await expect(table.getByRole("row", { name: /llama-x/ })).toContainText("0.100000001");
  await page.getByRole("button", { name: "Edit the price of llama-x" }).click();
  await field(page, "Output, $ per million tokens").fill("three");
  await expect(page.getByText("A decimal number, as 2.50.")).toBeVisible();
  await field(page, "Output, $ per million tokens").fill("3");
  await page.getByRole("button", { name: "Save price" }).click();
  await expect(table.getByRole("row", { name: /llama-x/ })).toContainText("2026-02-01");
  const stored = async () => (await projectOf(empty)).settings.price_overrides[0];
  await expect.poll(stored).toMatchObject({
    model: "llama-x",
    input_usd_per_mtok: "0.100000001",
    output_usd_per_mtok: "3",
    valid_from_ns: "1769904000000000000",
    valid_until_ns: "9223372036854775807",
  });
  await page.getByRole("button", { name: "Remove the price of llama-x" }).click();
  await page.getByRole("button", { name: "Remove price" }).click();
  await expect(page.getByText("None of your own: the public tables count.")).toBeVisible();
});

test("a pattern is tried before it is saved, and what is wrong stands under it", async ({
  page,
  empty,
  complaints,
}) => {
  await page.goto(at(empty.url, "redaction"));
  await page.getByRole("button", { name: "Add a pattern" }).click();
  await field(page, "Pattern 1").fill("EMP-[0-9");
  await expect(page.getByRole("listitem").filter({ has: field(page, "Pattern 1") })).toContainText(
    "not a pattern",
  );
  await expect(page.getByRole("button", { name: "Save changes" })).toBeDisabled();
  await field(page, "Pattern 1").fill("EMP-[0-9]{6}");
  await field(page, "Text").fill("🚢 badge EMP-004211, gate 3");
  const stored = page.locator("p").filter({ has: page.locator("mark") });
  await expect(stored).toHaveText("🚢 badge [redacted:project], gate 3");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("The redaction is saved.")).toBeVisible();
  // The refusal of the broken pattern, which the browser writes down.
  complaints.length = 0;
});

test("a shorter retention says how many sessions go, and asks for the name", async ({
  page,
  empty,
}) => {
  await send(empty);
  await page.goto(at(empty.url, "retention"));
  await field(page, "Days that sessions are kept").fill("1");
  await expect(page.locator("[data-preview]")).toContainText(
    /1 session with 3 spans.* not recoverable/,
  );
  await page.getByRole("button", { name: "Save and delete…" }).click();
  const asked = page.getByRole("dialog", { name: "Delete what is older?" });
  await expect(asked.getByRole("button", { name: "Save and delete" })).toBeDisabled();
  await asked.getByRole("textbox").fill("default");
  await asked.getByRole("button", { name: "Save and delete" }).click();
  await expect(page.getByText("The retention is saved.")).toBeVisible();
  const left = await (await fetch(`${empty.url}/api/v1/sessions`)).json();
  expect(left.sessions).toEqual([]);
});

test("a key's secret is shown once, in lines to paste, and the key is revoked", async ({
  page,
  empty,
}) => {
  await page.goto(at(empty.url, "keys"));
  await field(page, "What it is for").fill("night agent");
  await page.getByRole("checkbox", { name: /^read/ }).press("Space");
  await page.getByRole("button", { name: "Make key" }).click();
  const secret = (await page.getByRole("status").locator("code").textContent()) ?? "";
  expect(secret).toMatch(/^qd_/);
  await expect(page.getByRole("figure", { name: "Any program" })).toContainText(secret);
  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Stay" }).click();
  await page.getByRole("button", { name: "I have kept it" }).click();
  await expect(page.getByText(secret)).toHaveCount(0);
  await page.getByRole("button", { name: "Revoke key night agent" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke key" }).click();
  await expect(page.getByRole("row", { name: /night agent/ })).toContainText("revoked");
  await page.getByRole("link", { name: "Audit log" }).click();
  await expect(page.getByRole("row", { name: /key\.revoke/ })).toBeVisible();
});

test("preferences work at once and stay in this browser", async ({ page, filled }) => {
  await page.goto(at(filled, "preferences"));
  await page.getByRole("button", { name: /Theme/ }).click();
  await page.getByRole("option", { name: "Dark" }).click();
  await page.getByRole("button", { name: /Rows of tables/ }).click();
  await page.getByRole("option", { name: "Compact" }).click();
  await page.getByText("Single-letter keys").click();
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.locator("html")).toHaveAttribute("data-density", "compact");
  await expect(page.getByRole("switch", { name: "Single-letter keys" })).not.toBeChecked();
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await expect(page).toHaveURL(/preferences/);
});

test("a viewer sees what is set and who can change it, and nothing to press", async ({
  page,
  empty,
  complaints,
}) => {
  const post = async (path: string, body: unknown, cookie = "", method = "POST") =>
    fetch(`${empty.url}/api/v1/${path}`, {
      method,
      headers: { "content-type": "application/json", origin: empty.url, cookie },
      body: JSON.stringify(body),
    });
  const password = "correct horse battery";
  await post("accounts", { email: "ada@example.com", password, owner: true });
  const login = await post("login", { email: "ada@example.com", password });
  const cookie = (login.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  await post("accounts", { email: "bob@example.com", password }, cookie);
  await post("members", { email: "bob@example.com", role: "viewer" }, cookie, "PUT");
  await page.context().request.post(`${empty.url}/api/v1/login`, {
    headers: { origin: empty.url },
    data: { email: "bob@example.com", password },
  });
  await page.goto(at(empty.url, "project"));
  await expect(page.getByRole("note")).toContainText("An admin of this project can change it");
  await expect(field(page, "Name")).toBeDisabled();
  await expect(page.getByRole("button", { name: "Delete project…" })).toBeDisabled();
  await page.goto(at(empty.url, "keys"));
  await expect(page.getByText("Only admins see the keys.")).toBeVisible();
  await page.goto(at(empty.url, "audit"));
  await expect(page.getByText(/It takes the role admin/)).toBeVisible();
  complaints.length = 0;
});
