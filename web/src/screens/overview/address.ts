/** What the address of the overview holds: the time, the filter, and what it is compared with. */
import { given, text } from "@/app/address";

export function overviewAddress(search: Record<string, unknown>) {
  return given({
    since: text(search.since),
    until: text(search.until),
    q: text(search.q),
    compare: text(search.compare),
  });
}

export const USUAL = "7d";

/** "Since ever", which the API's overview needs as a time. */
export const EVER = "5200w";
