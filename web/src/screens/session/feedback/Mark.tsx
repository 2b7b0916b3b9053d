/** Where a viewer's judgement is asked for; its form is fetched when it is opened. */
import { lazy, Suspense } from "react";
import type { SessionRecord } from "@/api/session";
import { Button } from "@/parts/Button";
import { Popover } from "@/parts/Popover";

const JudgementForm = lazy(() =>
  import("./JudgementForm").then((module) => ({ default: module.JudgementForm })),
);

export function Mark({ project, record }: { project: string; record: SessionRecord }) {
  return (
    <Popover
      trigger={<Button size="small">Mark…</Button>}
      label="Your judgement"
      placement="bottom end"
    >
      {(close) => (
        <Suspense>
          <JudgementForm project={project} record={record} close={close} />
        </Suspense>
      )}
    </Popover>
  );
}
