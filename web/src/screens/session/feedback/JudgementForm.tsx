/**
 * A viewer's judgement of the session or of the selected step: thumbs, a rating, a comment, or
 * another outcome. It is stored as theirs, and the record that comes back is shown at once.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useState } from "react";
import {
  type Feedback,
  judge,
  type OutcomeWord,
  record as recordQuery,
  type SessionRecord,
} from "@/api/session";
import { formatCount } from "@/format";
import { Button, ToggleButton } from "@/parts/Button";
import { Select } from "@/parts/Select";
import { TextField } from "@/parts/TextField";
import { say } from "@/parts/Toasts";
import { useSelector } from "../model";
import { type About, type Draft, draftOf, emptyDraft, isSaid, keepDraft } from "./draft";
import css from "./Mark.module.css";
import { useStepSpan } from "./useStepSpan";

const OUTCOMES: readonly { id: OutcomeWord | "same"; text: string }[] = [
  { id: "same", text: "as it is" },
  { id: "success", text: "success" },
  { id: "success_partial", text: "partial success" },
  { id: "failure", text: "failure" },
  { id: "abandoned", text: "abandoned" },
  { id: "interrupted", text: "interrupted" },
];

interface FormProps {
  project: string;
  record: SessionRecord;
  close: () => void;
}

export function JudgementForm({ project, record, close }: FormProps) {
  const id = record.session_id;
  const [draft, setDraft] = useState<Draft>(() => draftOf(id) ?? emptyDraft);
  const step = useSelector((state) => state.step);
  const span = useStepSpan(project, id, step);
  const queries = useQueryClient();
  const change = (part: Partial<Draft>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    // Kept while it isn't sent: closing the layer or a refusal loses nothing that was typed.
    keepDraft(id, next);
  };
  const send = useMutation({
    mutationFn: (feedback: Feedback) => judge(id, feedback),
    onSuccess: (changed) => {
      queries.setQueryData(recordQuery(project, id).queryKey, changed);
      keepDraft(id, null);
      say("Your judgement is stored.");
      close();
    },
  });
  const submit = () => {
    const target = draft.about === "step" ? span : null;
    if (draft.about === "step" && !target) return;
    send.mutate({ ...draft, target });
  };
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (isSaid(draft)) submit();
      }}
    >
      <AboutChoice about={draft.about} step={step} onChange={(about) => change({ about })} />
      <Thumbs draft={draft} change={change} />
      <Rating rating={draft.rating} onChange={(rating) => change({ rating })} />
      {draft.about === "session" && (
        <Select
          label={`Outcome (now: ${record.outcome.label.replaceAll("_", " ")})`}
          choices={OUTCOMES}
          value={draft.outcome ?? "same"}
          onChange={(chosen) => change({ outcome: chosen === "same" ? null : chosen })}
        />
      )}
      <TextField
        label={draft.outcome ? "Why" : "Comment"}
        lines={3}
        value={draft.comment}
        onChange={(comment) => change({ comment })}
        maxLength={20_000}
      />
      {send.error && (
        <p className={css.error} role="alert">{`Not stored: ${send.error.message}`}</p>
      )}
      <div className={css.foot}>
        <span className={css.note}>Stored as your judgement, with your name.</span>
        <Button type="submit" look="primary" isDisabled={!isSaid(draft)} isPending={send.isPending}>
          Store judgement
        </Button>
      </div>
    </form>
  );
}

interface AboutProps {
  about: About;
  step: number;
  onChange: (about: About) => void;
}

function AboutChoice({ about, step, onChange }: AboutProps) {
  if (step === 0) return null;
  return (
    <fieldset className={css.about}>
      <legend>About</legend>
      <ToggleButton
        size="small"
        isSelected={about === "session"}
        onChange={() => onChange("session")}
      >
        The session
      </ToggleButton>
      <ToggleButton size="small" isSelected={about === "step"} onChange={() => onChange("step")}>
        Step {formatCount(step)} only
      </ToggleButton>
    </fieldset>
  );
}

function Thumbs({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const icon = { size: 15, strokeWidth: 1.5, "aria-hidden": true } as const;
  return (
    <div className={css.row}>
      <ToggleButton
        size="small"
        icon={<ThumbsUp {...icon} />}
        isSelected={draft.thumb === "up"}
        onChange={(on) => change({ thumb: on ? "up" : null })}
      >
        Good
      </ToggleButton>
      <ToggleButton
        size="small"
        icon={<ThumbsDown {...icon} />}
        isSelected={draft.thumb === "down"}
        onChange={(on) => change({ thumb: on ? "down" : null })}
      >
        Bad
      </ToggleButton>
    </div>
  );
}

function Rating({
  rating,
  onChange,
}: {
  rating: number | null;
  onChange: (rating: number | null) => void;
}) {
  return (
    <fieldset className={css.row}>
      <legend>Rating, 5 is best</legend>
      {[1, 2, 3, 4, 5].map((one) => (
        <ToggleButton
          key={one}
          size="small"
          aria-label={`${one} of 5`}
          isSelected={rating === one}
          onChange={(on) => onChange(on ? one : null)}
        >
          {String(one)}
        </ToggleButton>
      ))}
    </fieldset>
  );
}
