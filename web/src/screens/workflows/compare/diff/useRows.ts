/** The rows of two texts, worked out in a worker that ends when they are told. */
import { useQuery } from "@tanstack/react-query";
import { startWorker } from "@/app/worker";
import workerUrl from "./diff.worker.ts?worker&url";
import type { Row } from "./rows";

export function useRows(before: string, after: string) {
  return useQuery({
    queryKey: ["text-diff", before, after],
    queryFn: ({ signal }) => compared(before, after, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
  });
}

function compared(before: string, after: string, signal: AbortSignal): Promise<Row[]> {
  return new Promise((told, failed) => {
    const worker = startWorker(workerUrl, "diff");
    const end = () => worker.terminate();
    worker.addEventListener("message", (event: MessageEvent<Row[]>) => {
      told(event.data);
      end();
    });
    worker.addEventListener("error", () => {
      failed(new Error("comparing the two texts failed"));
      end();
    });
    signal.addEventListener("abort", end);
    worker.postMessage({ before, after });
  });
}
