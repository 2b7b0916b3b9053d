/** Compares two texts beside the page, so that long ones stop nothing. */
import { rowsOf } from "./rows";

addEventListener("message", (event: MessageEvent<{ before: string; after: string }>) => {
  postMessage(rowsOf(event.data.before, event.data.after));
});
