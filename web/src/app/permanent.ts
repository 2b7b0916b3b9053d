/** An address that shows the same next week: relative times become instants. */
import { absolute } from "./time";

/** `since=7d` is a week before `now` (ms); without an end, the end is now. */
export function permanentAddress(href: string, now: number): string {
  const address = new URL(href);
  const since = address.searchParams.get("since");
  const until = address.searchParams.get("until");
  for (const [name, time] of [
    ["since", since],
    ["until", until],
  ] as const) {
    const instant = time ? absolute(time, now) : null;
    if (instant) address.searchParams.set(name, instant);
  }
  if (since && !until) address.searchParams.set("until", new Date(now).toISOString());
  return address.toString();
}
