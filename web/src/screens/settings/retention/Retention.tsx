/** How long sessions are kept, and in numbers what a shorter time would delete. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { retentionPreview } from "@/api/settings";
import { ConfirmByName } from "@/parts/Dialog";
import { Failed, Loading } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import form from "../draft/draft.module.css";
import { SaveBar } from "../draft/SaveBar";
import { useDraft } from "../draft/useDraft";
import { Command } from "../pieces/Command";
import { Page } from "../pieces/Page";
import { OnlyAdmins, useStanding } from "../pieces/Standing";
import { useSettled } from "../pieces/useSettled";
import { daysOf } from "./days";
import { Preview, WhatGoes } from "./Preview";

export function Retention({ project }: { project: string }) {
  const { isAdmin } = useStanding(project);
  const [isAsking, setAsking] = useState(false);
  const draft = useDraft(project, {
    read: (settings) => (settings.retention_days === null ? "" : `${settings.retention_days}`),
    write: (typed) => ({ retention_days: daysOf(typed) ?? null }),
    done: "The retention is saved.",
  });
  const { shown } = draft;
  const days = useSettled(shown === null ? null : daysOf(shown));
  const isWrong = shown !== null && daysOf(shown) === undefined;
  const preview = useQuery({
    ...retentionPreview(project, days ?? 0),
    enabled: isAdmin && typeof days === "number",
  });
  const isCurrent = preview.data !== undefined && preview.data.days === daysOf(shown ?? "");
  const goes = isCurrent ? preview.data.sessions : 0;
  const save = () => (goes > 0 ? setAsking(true) : draft.save());
  return (
    <Page title="Retention" note="How long sessions are kept.">
      <OnlyAdmins project={project} />
      {draft.readError ? (
        <Failed
          error={draft.readError}
          retry={draft.retry}
          what="The retention could not be read."
        />
      ) : shown === null ? (
        <Loading rows={4} what="the retention" />
      ) : (
        <>
          <div className={form.form}>
            <TextField
              label="Days that sessions are kept"
              hint="Counted from when a session was last heard of. 0 keeps them for good; empty leaves it to the server (QUARTERDECK_RETENTION_DAYS, which keeps them unless it was set)."
              value={shown}
              onChange={draft.set}
              inputMode="numeric"
              isDisabled={!isAdmin}
              error={isWrong ? "A whole number of days, at most 36,500." : undefined}
            />
            {isAdmin && (draft.isChanged || shown !== "") && (
              <Preview days={daysOf(shown)} preview={preview} />
            )}
            <SaveBar
              draft={draft}
              isAllowed={isAdmin}
              // Nobody deletes without having been told how much.
              isWrong={isWrong || (typeof daysOf(shown) === "number" && !isCurrent)}
              onSave={save}
              example={{ retention_days: 90 }}
              act={goes > 0 ? "Save and delete…" : "Save changes"}
            />
          </div>
          <p>
            What is older disappears from every list and figure at once, and from the disk by a job
            in the background. Backups made earlier still hold it.
          </p>
          <Command says="One session" text="quarterdeck sessions delete SESSION_ID" />
        </>
      )}
      {preview.data && isAsking && (
        <ConfirmByName
          title="Delete what is older?"
          isOpen
          onClose={() => setAsking(false)}
          name={project}
          act="Save and delete"
          onConfirm={() => {
            setAsking(false);
            draft.save();
          }}
        >
          <p>
            <WhatGoes told={preview.data} />
          </p>
        </ConfirmByName>
      )}
    </Page>
  );
}
