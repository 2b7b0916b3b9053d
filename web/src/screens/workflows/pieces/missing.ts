/** Whether the server said that there is no such thing. */
import { Refused } from "@/api/client";

export function isMissing(error: unknown): error is Refused {
  return error instanceof Refused && error.status === 404;
}
