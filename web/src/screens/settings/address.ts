/** What the address of this screen holds. */
import { given, oneOf, text } from "@/app/address";

export function settingsAddress(search: Record<string, unknown>) {
  return given({
    /** What is looked for: in all settings, or in the rows of the audit. */
    q: text(search.q),
    /** A model that the prices begin with. */
    model: text(search.model),
    /** Whose audit. */
    of: oneOf(search.of, ["server"] as const),
  });
}
