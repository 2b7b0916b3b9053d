/** Why, and one button with the numbers in it. */
import { type FormEvent, useState } from "react";
import { Refused } from "@/api/client";
import type { Plan } from "@/api/memory";
import { Button } from "@/parts/Button";
import { visibleText } from "@/parts/hostile";
import { Failed } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { useMayWrite } from "../pieces/useMayWrite";
import { actWords } from "../words/plan";
import css from "./Revert.module.css";

interface Props {
  project: string;
  plan: Plan;
  /** What is listed is of two different plans. */
  isStale: boolean;
  isAsking: boolean;
  isPending: boolean;
  error: unknown;
  onLookAgain: () => void;
  onRevert: (reason: string) => void;
}

export function Confirm(props: Props) {
  const { project, plan, isStale, isAsking, isPending, error, onLookAgain, onRevert } = props;
  const mayWrite = useMayWrite(project);
  const [reason, setReason] = useState("");
  const mayGo = mayWrite && !isStale && !isAsking && !isPending && reason.trim() !== "";
  const isOvertaken = error instanceof Refused && error.status === 409;
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (mayGo) onRevert(reason.trim());
  };
  return (
    <form className={css.confirm} onSubmit={send} aria-label="Revert">
      {isStale && (
        <div className={css.warning} role="alert">
          <p>Memory changed while the list was read.</p>
          <Button size="small" onPress={onLookAgain}>
            Look again
          </Button>
        </div>
      )}
      {isOvertaken && (
        <div className={css.warning} role="alert">
          <p>
            Nothing was reverted: {visibleText(error.message)}.{" "}
            {isAsking ? "Looking again…" : "The list above is the new one."}
          </p>
        </div>
      )}
      {error !== null && !isOvertaken && <Failed error={error} what="Nothing was reverted." />}
      <div className={css.send}>
        <div className={css.why}>
          <TextField
            label="Why"
            value={reason}
            onChange={setReason}
            autoComplete="off"
            isDisabled={!mayWrite}
            hint={
              mayWrite
                ? "Kept with the revert, for who reads the history."
                : "It takes the role member, or a key with the scope write, to revert."
            }
          />
        </div>
        <Button type="submit" look="primary" isDisabled={!mayGo} isPending={isPending}>
          {actWords(plan)}
        </Button>
      </div>
    </form>
  );
}
