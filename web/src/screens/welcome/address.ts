/** Which way of sending is shown. */
import { given, text } from "@/app/address";

export function welcomeAddress(search: Record<string, unknown>) {
  return given({ by: text(search.by) });
}
