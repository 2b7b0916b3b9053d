import { expect, test } from "vitest";
import { permanentAddress } from "../../../src/app/permanent";

const NOW = Date.UTC(2026, 3, 12, 10, 0, 0);
const at = (path: string) => `http://127.0.0.1:4400${path}`;

test("a relative time becomes its instants, with now as the end", () => {
  const told = new URL(permanentAddress(at("/p/acme/sessions?q=tool:bash&since=24h"), NOW));
  expect(told.searchParams.get("q")).toBe("tool:bash");
  expect(told.searchParams.get("since")).toBe("2026-04-11T10:00:00.000Z");
  expect(told.searchParams.get("until")).toBe("2026-04-12T10:00:00.000Z");
});

test("an address without times stays as it is", () => {
  const address = at("/p/acme/sessions/sess_1/timeline?step=412");
  expect(permanentAddress(address, NOW)).toBe(address);
});

test("instants stay", () => {
  const address = at(
    "/p/acme/overview?since=2026-04-01T00%3A00%3A00.000Z&until=2026-04-02T00%3A00%3A00.000Z",
  );
  expect(permanentAddress(address, NOW)).toBe(address);
});
