/** What the addresses of the list of task types and of one of them hold. */
import { given, text } from "@/app/address";

export function tasksAddress(search: Record<string, unknown>) {
  return given({ since: text(search.since), until: text(search.until), q: text(search.q) });
}

export function taskAddress(search: Record<string, unknown>) {
  return given({
    since: text(search.since),
    until: text(search.until),
    q: text(search.q),
    node: text(search.node),
    group: text(search.group),
    version: text(search.version),
  });
}
