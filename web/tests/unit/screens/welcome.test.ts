import { expect, test } from "vitest";
import { spelled } from "../../../src/screens/welcome/spelled";
import ways from "../../../src/screens/welcome/ways.json";

const texts = ways.flatMap((way) => [...way.steps.map((step) => step.text), way.note]);

test.each(texts)("no hole is left in a text, with a key and without: %s", (text) => {
  const url = "http://127.0.0.1:4400";
  expect(spelled(text, url, "qd_secret")).not.toMatch(/\{(url|key)\}/);
  expect(spelled(text, url, null)).not.toMatch(/\{(url|key)\}|_(KEY|TOKEN)=|Bearer/);
});
