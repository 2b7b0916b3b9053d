/**
 * One stream of server-sent events, followed until it is left: connected again with what was read
 * last, so that nothing is missed.
 *
 * Read with `fetch`, because an EventSource can't name the project. What a credential may not read
 * is not asked for again.
 */
import { refusal } from "@/api/client";
import { readEvents, type ServerEvent } from "./events";

export type Following =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  /** Broken since then (ms); it is tried again. */
  | { readonly state: "lost"; readonly since: number }
  /** It is not tried again. */
  | { readonly state: "refused"; readonly error: Error };

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

export interface FollowOptions {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly onEvent: (event: ServerEvent) => void;
  readonly onState: (state: Following) => void;
}

/** Ends when the signal does, or when the server refuses for good. Never throws. */
export async function follow(options: FollowOptions): Promise<void> {
  const { signal, onState } = options;
  let last = "";
  let wait = FIRST_WAIT_MS;
  let lostAt: number | null = null;
  onState({ state: "connecting" });
  while (!signal.aborted) {
    try {
      const response = await fetch(options.path, {
        headers: {
          ...options.headers,
          accept: "text/event-stream",
          ...(last ? { "last-event-id": last } : {}),
        },
        signal,
      });
      if ([401, 403, 404].includes(response.status)) {
        const body = await response.json().catch(() => undefined);
        onState({ state: "refused", error: refusal(response.status, body) });
        return;
      }
      if (!response.ok || !response.body) throw new TypeError("no stream");
      onState({ state: "live" });
      lostAt = null;
      for await (const event of readEvents(response.body)) {
        wait = FIRST_WAIT_MS;
        if (event.id) last = event.id;
        options.onEvent(event);
      }
      // It was ended by the server, which asks to come again: only a failure to is a loss.
      if (await pause(FIRST_WAIT_MS, signal)) continue;
      return;
    } catch {
      if (signal.aborted) return;
      lostAt ??= Date.now();
      onState({ state: "lost", since: lostAt });
      if (!(await pause(wait, signal))) return;
      wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    }
  }
}

/** False where it was left meanwhile. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((done) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", leave);
      done(true);
    }, ms);
    const leave = () => {
      clearTimeout(timer);
      done(false);
    };
    signal.addEventListener("abort", leave, { once: true });
  });
}
