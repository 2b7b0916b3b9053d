/** What the address of a session holds: the selected step is in all views the same. */
import { count, given, text } from "@/app/address";

export function sessionAddress(search: Record<string, unknown>) {
  return given({
    step: count(search.step, 1),
    span: text(search.span),
    zoom: text(search.zoom),
    range: text(search.range),
    find: text(search.find),
    filter: text(search.filter),
    by: text(search.by),
  });
}
