/** Where the buckets of the starts end. */
import type { Starts } from "@/api/sessions";
import { instantMs } from "@/format";

/** RFC 3339, exclusive. */
export function endOf(told: Pick<Starts, "bucket_s">, at: string): string {
  return new Date((instantMs(at) ?? 0) + told.bucket_s * 1000).toISOString();
}
