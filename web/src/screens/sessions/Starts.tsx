/** When the sessions began, by how they ended. Dragging over it chooses the time. */
import { useQuery } from "@tanstack/react-query";
import { memo } from "react";
import { starts, type Which } from "@/api/sessions";
import { useZone } from "@/app/time";
import { formatInstant } from "@/format";
import { Histogram } from "@/parts/charts/Histogram";
import { endOf } from "./buckets";
import css from "./Sessions.module.css";

/** The quiet ones below, what failed on top of them. */
const PARTS = [
  { id: "success", label: "success", color: "--success" },
  { id: "success_partial", label: "partial", color: "--success-partial" },
  { id: "unknown", label: "unknown", color: "--line-control" },
  { id: "interrupted", label: "interrupted", color: "--interrupted" },
  { id: "abandoned", label: "abandoned", color: "--abandoned" },
  { id: "failure", label: "failure", color: "--failure" },
] as const;

interface Props {
  readonly project: string;
  readonly which: Which;
  readonly onRange: (since: string, until: string) => void;
}

export const Starts = memo(function Starts({ project, which, onRange }: Props) {
  const answer = useQuery(starts(project, which));
  const zone = useZone();
  const told = answer.data;
  if (!told) return <div className={css.strip} aria-busy={answer.isPending} />;
  if (told.buckets.length < 2) return null;
  const fineness = told.bucket_s >= 86_400 ? "day" : "minute";
  return (
    <div className={css.strip} aria-busy={answer.isPlaceholderData}>
      <Histogram
        label="Sessions by when they began and how they ended"
        of="Began"
        isSmall
        height={40}
        parts={PARTS}
        bins={told.buckets.map((bucket) => ({
          id: bucket.at,
          label: formatInstant(bucket.at, { zone, fineness }),
          counts: PARTS.map((part) => bucket.outcomes[part.id] ?? 0),
        }))}
        onRange={(first, last) => onRange(first.id, endOf(told, last.id))}
      />
    </div>
  );
});
