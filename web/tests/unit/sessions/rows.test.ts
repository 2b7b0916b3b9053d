import { expect, test } from "vitest";
import { endOf } from "../../../src/screens/sessions/buckets";
import { exportCommand } from "../../../src/screens/sessions/exportCommand";
import { readViews } from "../../../src/screens/sessions/filter/views";
import { COLUMNS, nextSort } from "../../../src/screens/sessions/list/columns";
import {
  askedBeside,
  errorsTold,
  goingOn,
  hasTimes,
} from "../../../src/screens/sessions/list/words";
import { withRows } from "../../../src/screens/sessions/live/withRows";
import { madeRow } from "./made";

const NOW = Date.parse("2026-04-12T10:41:00Z");

test("an open session tells its step, a closed one nothing", () => {
  expect(goingOn(madeRow({ status: "open", step_count: 212 }), NOW)?.whole).toBe(
    "running, step 212",
  );
  expect(goingOn(madeRow(), NOW)).toBeNull();
});

test("a waiting session waits since its oldest question, else since it was last seen", () => {
  const asked = (at: string, pending: boolean) => ({ at, pending }) as never;
  const row = madeRow({
    status: "waiting_for_human",
    interventions: [
      asked("2026-04-12T09:00:00Z", false),
      asked("2026-04-12T10:11:00Z", true),
      asked("2026-04-12T10:31:00Z", true),
    ],
  });
  expect(goingOn(row, NOW)?.whole).toMatch(/^waiting for a person, 30.min$/);
  expect(goingOn(madeRow({ status: "waiting_for_human" }), NOW)?.aside).toMatch(/^41.min$/);
});

test("what was asked is not said twice", () => {
  const long = "Migrate the module ".repeat(20);
  expect(askedBeside(madeRow({ task: long, asked: `${long.slice(0, 299)}…` }))).toBeNull();
  expect(askedBeside(madeRow({ task: "Migration", asked: "Migrate it" }))).toBe("Migrate it");
  expect(askedBeside(madeRow({ asked: "Only this" }))).toBeNull();
});

test("errors say how many were recovered", () => {
  expect(errorsTold(madeRow({ error_episodes: 4, recovered: 3 }))).toBe(
    "4 error episodes, 3 recovered",
  );
  expect(errorsTold(madeRow({ error_episodes: 1 }))).toBe("1 error episode");
});

test("a source that told no times has no length", () => {
  const finding = { code: "times_unknown" } as never;
  expect(hasTimes(madeRow({ data_findings: [finding] }))).toBe(false);
  expect(hasTimes(madeRow())).toBe(true);
});

test("a head turns the order round where there is one", () => {
  const started = COLUMNS.find((column) => column.id === "started");
  expect(started && nextSort(started, "-cost")).toBe("-started");
  expect(started && nextSort(started, "-started")).toBe("started");
});

test("a changed row takes its own place, and one that is gone leaves no hole", () => {
  const page = (ids: string[]) => ({
    sessions: ids.map((session_id) => madeRow({ session_id })),
    next_cursor: null,
  });
  const pages = { pages: [page(["a", "b"]), page(["c"])], pageParams: ["", "x"] };
  const told = { sessions: [madeRow({ session_id: "b", task: "new" })], gone: ["c"] };
  const after = withRows(pages, told);
  expect(after?.pages.map((one) => one.sessions.map((row) => row.session_id))).toEqual([
    ["a", "b"],
    [],
  ]);
  expect(after?.pages[0]?.sessions[1]?.task).toBe("new");
  expect(withRows(pages, { sessions: [madeRow({ session_id: "z" })], gone: [] })).toBe(pages);
});

test("the export command is safe in a shell and asks for a hundred at a time", () => {
  expect(exportCommand(["a", "b"])).toBe(
    "quarterdeck export --query session:a,b >> sessions.ndjson",
  );
  expect(exportCommand(["it's $(x)"])).toBe(
    `quarterdeck export --query 'session:"it'\\''s $(x)"' >> sessions.ndjson`,
  );
  const many = Array.from({ length: 201 }, (_, index) => `s${index}`);
  expect(exportCommand(many).split("\n")).toHaveLength(3);
});

test("a range ends where its last bucket ends", () => {
  expect(endOf({ bucket_s: 3600 }, "2026-04-12T10:00:00Z")).toBe("2026-04-12T11:00:00.000Z");
});

test("views that can't be read are none, and hold only what an address may hold", () => {
  expect(readViews("{not json")).toEqual([]);
  expect(readViews('[{"name":"x","search":{"q":"a","evil":"b","sort":"nonsense"}}]')).toEqual([
    { name: "x", search: { q: "a" } },
  ]);
});
