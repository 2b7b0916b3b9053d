/** What would be deleted, in numbers, before it is. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { components } from "@/api/schema";
import { counted } from "@/format";
import { Instant } from "@/parts/Instant";
import { Failed } from "@/parts/States";
import styles from "./retention.module.css";

type Told = components["schemas"]["RetentionAnswer"];

interface Props {
  days: number | null | undefined;
  preview: UseQueryResult<Told>;
}

export function Preview({ days, preview }: Props) {
  if (days === undefined) return null;
  return (
    <div className={styles.preview} aria-live="polite" data-preview>
      {days === null ? (
        "What the server's default deletes is counted once it is written here as a number."
      ) : preview.isError ? (
        <Failed
          error={preview.error}
          retry={() => void preview.refetch()}
          what="What would be deleted could not be counted."
        />
      ) : preview.data?.days === days ? (
        <WhatGoes told={preview.data} />
      ) : (
        "Counting…"
      )}
    </div>
  );
}

export function WhatGoes({ told }: { told: Told }) {
  if (told.days === 0) {
    return <>Nothing is deleted: {counted(told.kept_sessions, "session")} stay for good.</>;
  }
  if (told.sessions === 0) {
    return (
      <>
        Nothing is deleted now: all {counted(told.kept_sessions, "session")} were heard of in the
        last {counted(told.days, "day")}.
      </>
    );
  }
  return (
    <>
      <strong>
        {counted(told.sessions, "session")} with {counted(told.spans, "span")}
      </strong>
      , last heard of <Instant at={told.oldest_at} fineness="day" /> to{" "}
      <Instant at={told.before} fineness="day" />, will be deleted; not recoverable.{" "}
      {counted(told.kept_sessions, "session stays", "sessions stay")}.
    </>
  );
}
