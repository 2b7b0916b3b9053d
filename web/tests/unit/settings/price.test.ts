import { expect, test } from "vitest";
import type { PriceOverride } from "../../../src/api/settings";
import {
  EVER_NS,
  emptyPrice,
  nanosecondsOf,
  priceOf,
  typedOf,
  wrongOf,
} from "../../../src/screens/settings/prices/price";

const stored: PriceOverride = {
  model: "llama-*",
  provider: "*",
  valid_from_ns: "1769904000123456789",
  valid_until_ns: EVER_NS,
  input_usd_per_mtok: "0.100000001",
  output_usd_per_mtok: "2.50",
  reasoning_usd_per_mtok: "0",
  per_call_usd: "0",
  discount_percent: "0",
};

test("a price that is opened and saved untouched is the same to the last digit", () => {
  expect(priceOf(typedOf(stored), stored)).toEqual(stored);
});

test("a change of one amount leaves instants with nanoseconds as they were", () => {
  const changed = priceOf({ ...typedOf(stored), output_usd_per_mtok: "3" }, stored);
  expect(changed).toEqual({ ...stored, output_usd_per_mtok: "3" });
});

test("an amount that is emptied is left out, and 0 stays 0", () => {
  const changed = priceOf({ ...typedOf(stored), reasoning_usd_per_mtok: "" }, stored);
  expect(changed).not.toHaveProperty("reasoning_usd_per_mtok");
  expect(priceOf(typedOf(stored), stored).reasoning_usd_per_mtok).toBe("0");
});

test.each([
  ["2026-02-01", "1769904000000000000"],
  ["2026-02-01T00:00:00.500Z", "1769904000500000000"],
  ["1970-01-01", "0"],
  ["1969-12-31", undefined],
  ["2026-02-31T25:00:00Z", undefined],
  ["tomorrow", undefined],
])("%s begins at %s ns", (typed, ns) => {
  expect(nanosecondsOf(typed)).toBe(ns);
});

test.each([
  ["", "model"],
  ["gpt", "input_usd_per_mtok"],
])("a price of %j without an amount can't be saved", (model, field) => {
  expect(wrongOf(emptyPrice(model))).toHaveProperty(field);
});

test.each(["1,5", "-1", "1e3", ".5", "1.1234567890", "0x1"])("%s is no amount", (amount) => {
  const wrong = wrongOf({ ...emptyPrice("gpt"), input_usd_per_mtok: amount });
  expect(wrong).toHaveProperty("input_usd_per_mtok");
});

test("a price must end after it begins", () => {
  const typed = { ...emptyPrice("gpt"), input_usd_per_mtok: "1", from: "2026-02-01" };
  expect(wrongOf({ ...typed, until: "2026-02-01" })).toHaveProperty("until");
  expect(wrongOf({ ...typed, until: "2026-02-02" })).toEqual({});
});
