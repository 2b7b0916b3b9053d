/** What the address of this screen holds. */
import { given, text } from "@/app/address";

export function settingsAddress(search: Record<string, unknown>) {
  return given({ since: text(search.since), until: text(search.until), q: text(search.q) });
}
