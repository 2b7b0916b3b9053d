/** The keys that the reference page tells are those of the table, and each has one meaning. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { KEYS } from "../../../src/app/keys/table";

const PAGE = new URL("../../../../docs/reference/web-app.md", import.meta.url);

/** As the page prints them. */
function row({ keys, means }: { keys: readonly string[]; means: string }): string {
  const printed = keys.map((key) => `\`${key.replace("$mod", "Ctrl")}\``).join(" ");
  return `| ${printed} | ${means} |`;
}

test("the reference lists every key", () => {
  const page = readFileSync(PAGE, "utf8");
  const missing = Object.values(KEYS)
    .map(row)
    .filter((line) => !page.includes(line));
  expect(missing, "rows for docs/reference/web-app.md").toEqual([]);
});

test("no key has two meanings", () => {
  const all = Object.values(KEYS).flatMap(({ keys }) => keys as readonly string[]);
  expect(all.filter((key, at) => all.indexOf(key) !== at)).toEqual([]);
});
