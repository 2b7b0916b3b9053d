/**
 * Measures one page of one server: `node pages.mjs '{"target", "url", "limit_ms", "whole"}'`.
 *
 * Prints one line of JSON. What "shown" and "answers" mean is said for each server below; with
 * `whole` it also steps, scrolls, scrubs and goes through the views. bench/pages.py starts it.
 */
import {
  answered,
  forgetTasks,
  frames,
  open,
  percentile,
  quiet,
  scrolled,
  seen,
  size,
  tasks,
} from "./page.mjs";

const PRESSES = 200;
const CLICKS = 30;
const CLICKS_MS = 40_000; // a peer that needs seconds for each is left after this

const STEP = "document.querySelector('[aria-label=\"Step of the session\"]')?.ariaValueNow";
const ROW = "document.querySelector('article[aria-current=step]')";
const VIEWS = ["replay", "timeline", "tree", "decisions", "cost", "people", "problems", "raw"];

/**
 * A peer answers when a click on a row of its span tree has changed what is shown of a span.
 * `row`: the rows; `target`: what of a row is clicked; `chosen`: what differs from span to span.
 */
const PEERS = {
  phoenix: {
    row: "[data-testid=trace-tree] [role=button]",
    chosen: "location.search",
  },
  mlflow: {
    row: "[data-testid^=timeline-tree-node-]",
    target: "[data-testid^=span-title-row-]",
    chosen:
      "[...document.querySelectorAll('[data-orientation] span[title]')].map((one) => one.title).join()",
  },
};

/** Does `press` again and again until the page answers, or the limit is over. */
async function untilAnswered(page, limitMs, press) {
  const end = Date.now() + limitMs;
  while (Date.now() < end) {
    if ((await seen(page)).answers !== undefined) return;
    await press();
    await page.waitForTimeout(20);
  }
}

async function ours(given) {
  const shown = {
    header: "() => document.querySelector('header h1')",
    shown: `() => document.querySelector('header h1') && document.querySelector('canvas')?.width > 1`,
    answers: `() => Number(${STEP}) > 1 && Number(${ROW}?.ariaPosInSet) > 1`,
    content: `() => ${ROW} && !${ROW}.querySelector('[aria-busy=true]')`,
  };
  const opened = await open(given.url, shown, given.limit_ms);
  const { page, wire, browser } = opened;
  try {
    await untilAnswered(page, given.limit_ms, () => page.keyboard.press("j"));
    const beforeAnswer = wire.data;
    const isQuiet = await quiet(opened);
    const row = { ...(await loaded(opened)), quiet: isQuiet, data_before_answer: beforeAnswer };
    if (!given.whole) return row;
    row.press = await presses(page);
    row.jump_error = await jump(page, "e");
    row.scroll = await scrolled(opened, "document.querySelector('[role=feed]')");
    row.scrub = await scrub(page);
    row.views = {};
    for (const [at, name] of VIEWS.entries()) row.views[name] = await view(opened, at, name);
    return row;
  } finally {
    await browser.close();
  }
}

async function peer(given, { row, target, chosen }) {
  const rows = `document.querySelectorAll('${row}')`;
  const clicked = (at) => `(${rows}[${at}]${target ? `?.querySelector('${target}')` : ""})`;
  const shown = {
    header: `() => ${rows}[0]`,
    shown: `() => ${rows}[1]`,
    answers: `() => {
      const now = ${chosen};
      if (now && ${rows}[1]) window.benchFirst ??= now;
      return window.benchFirst !== undefined && now !== window.benchFirst;
    }`,
  };
  const opened = await open(given.url, shown, given.limit_ms);
  const { page, wire, browser } = opened;
  const click = (at) => page.evaluate(`{ ${clicked(at)}?.click(); null; }`);
  try {
    await untilAnswered(page, given.limit_ms, () => click(1));
    const beforeAnswer = wire.data;
    const isQuiet = await quiet(opened);
    const told = { ...(await loaded(opened)), quiet: isQuiet, data_before_answer: beforeAnswer };
    told.rows = await page.evaluate(`${rows}.length`);
    if (!given.whole) return told;
    told.press = await clicks(page, chosen, clicked);
    told.views = { tree: { scroll: await scrolled(opened, clicked(3), 6_000) } };
    return told;
  } finally {
    await browser.close();
  }
}

/** Goes down the rows; one that is named as the one before can't be told apart and is left out. */
async function clicks(page, chosen, clicked) {
  const took = [];
  const end = Date.now() + CLICKS_MS;
  let before = 1;
  for (let at = 2; took.length < CLICKS && Date.now() < end; at++) {
    const [name, last] = await page.evaluate(
      `[${clicked(at)}, ${clicked(before)}].map((row) => row?.textContent)`,
    );
    if (name === last) continue;
    before = at;
    await page.evaluate("window.benchBefore = undefined; null");
    const act = `{
      window.benchBefore = ${chosen};
      window.benchWatch.input = performance.now();
      ${clicked(at)}.click();
      null;
    }`;
    const ask = `() => window.benchBefore !== undefined && ${chosen} !== window.benchBefore`;
    took.push(await answered(page, () => page.evaluate(act), ask));
  }
  return steps(took);
}

async function loaded(opened) {
  const { page, wire } = opened;
  const paint = await page.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
  );
  return {
    first_paint_ms: paint,
    seen_ms: await seen(page),
    ...(await tasks(page)),
    ...(await size(opened)),
    app_bytes: wire.app,
    data_bytes: wire.data,
    data_requests: wire.requests,
  };
}

async function presses(page) {
  const took = [];
  let behind = 0;
  for (let press = 0; press < PRESSES; press++) {
    const step = Number(await page.evaluate(STEP)) + 1;
    const ask = `() => Number(${STEP}) === ${step} && Number(${ROW}?.ariaPosInSet) === ${step}`;
    took.push(await answered(page, () => page.keyboard.press("j"), ask));
    behind += await page.evaluate(`Boolean(${ROW}?.querySelector('[aria-busy=true]')) ? 1 : 0`);
  }
  return { ...steps(took), without_content: behind };
}

function steps(took) {
  return {
    n: took.length,
    p50_ms: percentile(took, 0.5),
    p95_ms: percentile(took, 0.95),
    max_ms: percentile(took, 1),
    unanswered: took.filter((value) => value === null).length,
  };
}

async function jump(page, key) {
  const took = [];
  for (let press = 0; press < 20; press++) {
    const step = await page.evaluate(STEP);
    const ask = `() => ${STEP} !== '${step}' && ${ROW}?.ariaPosInSet === ${STEP}`;
    took.push(await answered(page, () => page.keyboard.press(key), ask));
  }
  return { n: took.length, p50_ms: percentile(took, 0.5), p95_ms: percentile(took, 0.95) };
}

/** Drags a range over the strip, 150 moves of the pointer. */
async function scrub(page) {
  const box = await page.locator("[aria-label='Step of the session']").boundingBox();
  if (!box) return null;
  const y = box.y + box.height / 2;
  const told = await frames(page, async () => {
    await page.mouse.move(box.x + 20, y);
    await page.mouse.down();
    for (let at = 0; at < 150; at++) {
      await page.mouse.move(box.x + 20 + ((box.width - 60) * at) / 150, y);
      await page.waitForTimeout(8);
    }
    await page.mouse.up();
  });
  await page.keyboard.press("Escape");
  return told;
}

async function view(opened, at, name) {
  const { page } = opened;
  await forgetTasks(page);
  const word = `${name[0].toUpperCase()}${name.slice(1)}`;
  const shown = `section[aria-label="${word}"]`;
  const ask = `() => location.pathname.endsWith('/${name}') && document.querySelector('${shown}')?.childElementCount > 0 && !document.querySelector('${shown} [aria-busy=true]')`;
  const took = await answered(page, () => page.keyboard.press(String(at + 1)), ask);
  await quiet({ ...opened, limitMs: 8_000 });
  const { longest_task_ms: longest } = await tasks(page);
  const row = { shown_ms: took, longest_task_ms: longest, ...(await size(opened)) };
  if (name === "tree") {
    row.scroll = await scrolled(opened, "document.querySelector('[role=treegrid]')");
  }
  return row;
}

const given = JSON.parse(process.argv[2] ?? "{}");
const measured = given.target === "quarterdeck" ? ours(given) : peer(given, PEERS[given.target]);
process.stdout.write(`${JSON.stringify(await measured)}\n`);
