/** The commands that show the same as the screens of memory. Pure. */
import type { Address } from "@/api/memory";
import { word } from "@/screens/settings/pieces/shell";

/** `quarterdeck memory history customer-notes plan --scope user:u-7` */
export function historyCommand({ environment, namespace, scope, key }: Address): string {
  // After "--", a name that begins with a dash is no option.
  const names = [namespace, key];
  return [
    "quarterdeck memory history",
    ...(environment ? ["--environment", word(environment)] : []),
    ...(scope ? ["--scope", word(scope)] : []),
    ...(names.some((name) => name.startsWith("-")) ? ["--"] : []),
    ...names.map(word),
  ].join(" ");
}
