import { afterEach, expect, test, vi } from "vitest";
import { readEvents } from "../../../src/app/live/events";

afterEach(() => vi.unstubAllGlobals());

function stream(...chunks: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });
}

async function read(...chunks: string[]) {
  const events = [];
  for await (const event of readEvents(stream(...chunks))) events.push(event);
  return events;
}

test("events keep their names, data and ids, wherever the stream is cut", async () => {
  const text =
    ': here\n\nid: 7\nevent: sessions\ndata: {"a":1}\n\nevent: end\ndata: x\r\ndata: y\r\n\r\n';
  const whole = await read(text);
  expect(whole).toEqual([
    { name: "sessions", data: '{"a":1}', id: "7" },
    { name: "end", data: "x\ny", id: "" },
  ]);
  expect(await read(...text)).toEqual(whole);
});

test("an event that the end cut off is none", async () => {
  expect(await read("event: sessions\ndata: {}")).toEqual([]);
});

test("following goes on with the last id, and stops for good where it may not read", async () => {
  vi.useFakeTimers();
  // The client asks where the page is from as it is loaded.
  vi.stubGlobal("window", { location: { origin: "http://127.0.0.1" } });
  const asked: (string | null)[] = [];
  const answers = [
    () => new Response(stream("id: 41\nevent: sessions\ndata: {}\n\n")),
    () => Promise.reject(new TypeError("away")),
    () =>
      new Response(JSON.stringify({ error: { code: "forbidden", message: "no" } }), {
        status: 403,
      }),
  ];
  vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
    asked.push(new Headers(init.headers).get("last-event-id"));
    return answers[asked.length - 1]?.();
  });
  const { follow } = await import("../../../src/app/live/follow");
  const states: string[] = [];
  const done = follow({
    path: "/api/v1/live",
    headers: {},
    signal: new AbortController().signal,
    onEvent: () => undefined,
    onState: (state) => states.push(state.state),
  });
  await vi.runAllTimersAsync();
  await done;
  vi.useRealTimers();
  expect(asked).toEqual([null, "41", "41"]);
  expect(states).toEqual(["connecting", "live", "lost", "refused"]);
});
