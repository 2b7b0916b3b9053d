/**
 * One move of what runs somewhere: what it would do, why it is done, and one Enter.
 *
 * What would happen is asked of the server before (`dry_run`), and told by it; somebody else's move
 * in between is refused there and told here, with what runs now.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { Refused } from "@/api/client";
import { forgetWhatRan, type MoveForm, move, movePlan } from "@/api/workflows";
import { Button } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { Dialog } from "@/parts/Dialog";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { Failed } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { say } from "@/parts/Toasts";
import { moveCommand } from "../words/commands";
import css from "./Acts.module.css";
import { PlanShown } from "./PlanShown";

export interface MoveDialogProps {
  readonly project: string;
  readonly name: string;
  readonly environment: string;
  readonly title: string;
  /** What the button does: "Roll back to v13". */
  readonly act: string;
  readonly form: Omit<MoveForm, "reason">;
  /** False while something is not chosen yet. */
  readonly isReady?: boolean;
  /** Said before the plan. */
  readonly warning?: ReactNode;
  /** What can be chosen. */
  readonly children?: ReactNode;
  readonly done: string;
  readonly onClose: () => void;
}

export function MoveDialog({
  project,
  name,
  environment,
  title,
  act,
  form,
  isReady = true,
  warning,
  children,
  done,
  onClose,
}: MoveDialogProps) {
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const plan = useQuery({
    ...movePlan(project, name, environment, form),
    enabled: isReady,
  });
  const moving = useMutation({
    mutationFn: () => move(name, environment, { ...form, reason: reason.trim() }),
    onSuccess: () => {
      void forgetWhatRan(queries, project);
      say(done);
      onClose();
    },
  });
  const isOvertaken = moving.error instanceof Refused && moving.error.status === 409;
  const mayGo = isReady && reason.trim() !== "" && !plan.isError && !moving.isPending;
  const send = () => {
    if (mayGo) moving.mutate();
  };
  const lookAgain = () => {
    moving.reset();
    void forgetWhatRan(queries, project);
  };
  return (
    <Dialog
      title={title}
      isOpen
      keepsOpen
      onClose={onClose}
      buttons={
        <>
          <Button onPress={onClose}>Leave it</Button>
          <Button look="primary" isDisabled={!mayGo} isPending={moving.isPending} onPress={send}>
            {act}
          </Button>
        </>
      }
    >
      <form
        className={css.form}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          send();
        }}
      >
        {children}
        {warning && (
          <p className={css.warning} role="note">
            {warning}
          </p>
        )}
        {isReady && <PlanShown plan={plan.data?.plan} error={plan.error} />}
        <TextField
          label="Why"
          value={reason}
          onChange={setReason}
          autoFocus
          autoComplete="off"
          hint="Kept with the move, for who reads its history."
        />
        {isOvertaken ? (
          <div className={css.warning} role="alert">
            <p>{visibleText(moving.error?.message ?? "")}</p>
            <Button size="small" onPress={lookAgain}>
              Look again
            </Button>
          </div>
        ) : (
          moving.error && <Failed error={moving.error} what="Nothing was moved." />
        )}
        <Command text={moveCommand(name, environment, form, reason.trim())} />
        {/* So that Enter sends also where there are several fields. */}
        <input type="submit" hidden />
      </form>
    </Dialog>
  );
}

function Command({ text }: { text: string }) {
  return (
    <div className={css.command}>
      <code>
        <HostileText text={text} mono max={2000} />
      </code>
      <CopyButton text={text} what="command" />
    </div>
  );
}
