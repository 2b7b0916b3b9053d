/**
 * Opens one page in a browser of its own and tells what a user waits for: paint, answer, frames.
 *
 * The watch runs inside the page, since only there is it known when something was painted; it
 * asks the page's own document and changes nothing in it. No figure is made up where a page gave
 * none: it is null.
 */
import { chromium } from "@playwright/test";

const QUIET_MS = 1_000;
const FRAME_MS = 34; // two at 60 Hz: the eye sees it
const ANSWER_MS = 10_000;
const WINDOW = { width: 1440, height: 900 };

export async function open(url, watched, limitMs) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  const context = await browser.newContext({ viewport: WINDOW, timezoneId: "UTC" });
  const page = await context.newPage();
  page.setDefaultTimeout(limitMs);
  const wire = listen(page);
  const asks = Object.entries(watched).map(([name, ask]) => `${JSON.stringify(name)}: ${ask}`);
  await page.addInitScript({ content: `(${watch})({ ${asks.join(", ")} });` });
  const cdp = await context.newCDPSession(page);
  await page.goto(url, { waitUntil: "commit", timeout: limitMs });
  return { browser, page, cdp, wire, limitMs };
}

/** Bytes of bodies as they were sent; `data` is what a fetch asked for, `app` the rest. */
function listen(page) {
  const wire = { app: 0, data: 0, requests: 0, under: 0, last: Date.now() };
  page.on("request", () => {
    wire.under += 1;
    wire.last = Date.now();
  });
  const end = () => {
    wire.under -= 1;
    wire.last = Date.now();
  };
  page.on("requestfailed", end);
  page.on("requestfinished", async (request) => {
    end();
    const sizes = await request.sizes().catch(() => null);
    if (!sizes) return;
    const isData = ["fetch", "xhr", "eventsource"].includes(request.resourceType());
    wire[isData ? "data" : "app"] += Math.max(0, sizes.responseBodySize);
    wire.requests += isData ? 1 : 0;
  });
  return wire;
}

/**
 * In the page, before its own scripts. `watched`: name -> a function that is true once that is
 * shown. Comes as source, since a page of ours lets no script make another one.
 */
function watch(watched) {
  const seen = {};
  const tasks = [];
  const state = { seen, tasks, frames: null, asked: null };
  window.benchWatch = state;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) tasks.push([entry.startTime, entry.duration]);
  }).observe({ type: "longtask", buffered: true });
  const waiting = new Map(Object.entries(watched));
  let before = 0;
  const painted = (then) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => then(performance.now());
    channel.port2.postMessage(0);
  };
  const isSo = (ask) => {
    try {
      return Boolean(ask());
    } catch {
      return false;
    }
  };
  const frame = (now) => {
    if (state.frames && before) state.frames.push(now - before);
    before = now;
    for (const [name, ask] of waiting) {
      if (!isSo(ask)) continue;
      waiting.delete(name);
      painted((at) => {
        seen[name] = at;
      });
    }
    const { asked } = state;
    if (asked && isSo(asked.ask)) {
      state.asked = null;
      painted(asked.done);
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  for (const kind of ["keydown", "pointerdown"]) {
    window.addEventListener(
      kind,
      (event) => {
        state.input = event.timeStamp;
      },
      true,
    );
  }
}

export const seen = (page) => page.evaluate(() => window.benchWatch.seen);

/** Until nothing was asked for and no long task ended for a second; false at the limit. */
export async function quiet({ page, wire, limitMs }) {
  const end = Date.now() + limitMs;
  while (Date.now() < end) {
    const since = await page.evaluate(() => {
      const [start, took] = window.benchWatch.tasks.at(-1) ?? [0, 0];
      return performance.now() - start - took;
    });
    if (since > QUIET_MS && wire.under <= 0 && Date.now() - wire.last > QUIET_MS) return true;
    await page.waitForTimeout(100);
  }
  return false;
}

export async function tasks(page) {
  const all = await page.evaluate(() => window.benchWatch.tasks);
  return {
    longest_task_ms: Math.max(0, ...all.map(([, took]) => took)),
    long_tasks_ms: all.reduce((sum, [, took]) => sum + took, 0),
    long_tasks: all.map(([at, took]) => [Math.round(at), Math.round(took)]),
  };
}

export const forgetTasks = (page) =>
  page.evaluate(() => {
    window.benchWatch.tasks.length = 0;
  });

export async function size({ page, cdp }) {
  const nodes = await page.evaluate(() => document.getElementsByTagName("*").length);
  await cdp.send("HeapProfiler.collectGarbage");
  const heap = await cdp.send("Runtime.getHeapUsage");
  return {
    dom_nodes: nodes,
    heap_mb:
      (heap.usedSize + (heap.backingStorageSize ?? 0) + (heap.embedderHeapUsedSize ?? 0)) / 1e6,
  };
}

/**
 * Does something by hand and tells the ms from the input's own time stamp until `ask` was true and
 * painted; null where it was not within ten seconds.
 */
export async function answered(page, act, ask) {
  await page.evaluate(`{
    const state = window.benchWatch;
    state.input = null;
    state.answer = new Promise((done) => {
      setTimeout(() => done(null), ${ANSWER_MS});
      state.asked = { ask: ${ask}, done: (at) => done(at - state.input) };
    });
    null;
  }`);
  await act();
  return page.evaluate(() => window.benchWatch.answer);
}

/** Intervals between frames while `act` runs. */
export async function frames(page, act) {
  await page.evaluate(() => {
    window.benchWatch.frames = [];
  });
  await act();
  const all = await page.evaluate(() => {
    const { frames: found } = window.benchWatch;
    window.benchWatch.frames = null;
    return found;
  });
  return {
    frames: all.length,
    late: all.filter((took) => took > FRAME_MS).length,
    longest_ms: Math.max(0, ...all),
  };
}

/** A wheel over the middle of what `place` names, as the browser's own gesture. */
export async function scrolled({ page, cdp }, place, distance = 12_000) {
  const box = await page.evaluate(`{
    const { x, y, width, height } = (${place})?.getBoundingClientRect() ?? { width: 0 };
    width && { x: x + width / 2, y: y + Math.min(height, window.innerHeight - y) / 2 };
  }`);
  if (!box) return null;
  return frames(page, () =>
    cdp.send("Input.synthesizeScrollGesture", {
      x: box.x,
      y: box.y,
      yDistance: -distance,
      speed: 3_000,
      gestureSourceType: "mouse",
    }),
  );
}

export function percentile(values, share) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known[Math.min(known.length - 1, Math.floor(known.length * share))] ?? null;
}
