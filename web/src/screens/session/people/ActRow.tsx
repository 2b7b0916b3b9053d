/** One act of a person: who and when, what was asked and answered, what changed, what came next. */
import { useMemo } from "react";
import { formatDuration } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { KindMark } from "@/parts/KindMark";
import { type Model, useModel } from "../model";
import { StepLink } from "../StepLink";
import { wordsChanged } from "./changes";
import css from "./View.module.css";
import { type Act, isToldByChanges, whatWasDone } from "./words";

export function ActRow({ act }: { act: Act }) {
  const model = useModel();
  return (
    <li className={css.act} data-pending={act.pending || undefined}>
      <div className={css.when}>
        <Instant at={act.at} fineness="second" />
        <span className={css.waited}>{waitOf(act)}</span>
      </div>
      <div className={css.told}>
        <p className={css.who}>
          <KindMark kind="human" text="" />
          <strong>
            <HostileText text={act.by ?? (act.pending ? "Nobody yet" : "Somebody")} inline />
          </strong>{" "}
          <span>{whatWasDone(act)}</span>
          {act.step !== null && <StepLink step={act.step} />}
          {act.agent && (
            <span className={css.agent}>
              {act.pending ? "asked by " : "for "}
              <HostileText text={act.agent} inline />
            </span>
          )}
        </p>
        <dl className={css.facts}>
          {act.question !== null && (
            <Fact name="Asked">
              <HostileText text={act.question} max={2_000} />
            </Fact>
          )}
          {(act.tool !== null || act.wanted !== null || act.changes.length > 0) && (
            <Wanted act={act} />
          )}
          {act.answer !== null && !isToldByChanges(act) && (
            <Fact name="Answered">
              <HostileText text={act.answer} max={2_000} />
            </Fact>
          )}
          {act.next_step !== null && (
            <Fact name="Then">
              <Next model={model} step={act.next_step} />
            </Fact>
          )}
        </dl>
      </div>
    </li>
  );
}

function waitOf(act: Act): string {
  if (act.waited_s === null) return "wait not told";
  return `${act.pending ? "waits" : "after"} ${formatDuration({ s: act.waited_s })}`;
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className={css.fact}>
      <dt>
        <HostileText text={name} inline />
      </dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The call with its arguments, and in them what the person changed. */
function Wanted({ act }: { act: Act }) {
  const changed = new Map(act.changes.map((change) => [change.name, change]));
  const kept = (act.wanted ?? []).filter((argument) => !changed.has(argument.name));
  return (
    <Fact name={act.tool !== null || act.wanted !== null ? "It wanted" : "Changed"}>
      {act.tool !== null && (
        <span className={css.call}>
          <HostileText text={act.tool} mono inline />
        </span>
      )}
      {kept.map((argument) => (
        <Argument key={argument.name} name={argument.name}>
          <HostileText text={argument.value.text} mono max={1_200} />
        </Argument>
      ))}
      {act.changes.map((change) => (
        <Argument key={change.name} name={change.name}>
          <Changed before={change.before?.text ?? null} after={change.after?.text ?? null} />
        </Argument>
      ))}
    </Fact>
  );
}

function Argument({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className={css.argument}>
      <span>
        <HostileText text={name} mono inline />
      </span>
      <div>{children}</div>
    </div>
  );
}

/** Removed and added words are marked by signs and lines as well as by the tint. */
function Changed({ before, after }: { before: string | null; after: string | null }) {
  const words = useMemo(
    () => (before === null || after === null ? null : wordsChanged(before, after)),
    [before, after],
  );
  if (words) {
    return (
      <p className={css.diff}>
        {words.map((word) => {
          const key = word.place;
          if (word.change === "removed") {
            return (
              <del key={key}>
                <HostileText text={word.text} mono />
              </del>
            );
          }
          if (word.change === "added") {
            return (
              <ins key={key}>
                <HostileText text={word.text} mono />
              </ins>
            );
          }
          return <HostileText key={key} text={word.text} mono />;
        })}
      </p>
    );
  }
  return (
    <div className={css.diff}>
      <p>
        {before === null ? (
          <span className={css.note}>was not there</span>
        ) : (
          <del>
            <HostileText text={before} mono max={4_000} />
          </del>
        )}
      </p>
      <p>
        {after === null ? (
          <span className={css.note}>is gone</span>
        ) : (
          <ins>
            <HostileText text={after} mono max={4_000} />
          </ins>
        )}
      </p>
    </div>
  );
}

function Next({ model, step }: { model: Model; step: number }) {
  const row = model.rowOfStep[step] ?? -1;
  if (row < 0) return <StepLink step={step} />;
  const hasFailed = model.error[row] === 1;
  return (
    <span className={css.next}>
      <KindMark kind={model.kinds[model.kind[row] ?? 0] ?? "step"} text="" />
      <HostileText text={model.names[model.name[row] ?? 0] ?? ""} inline />
      {hasFailed && <span className={css.failed}>✕ failed</span>}
      {(model.durationUs[row] ?? -1) >= 0 && (
        <span className={css.note}>
          {formatDuration({ ms: (model.durationUs[row] ?? 0) / 1000 })}
        </span>
      )}
      <StepLink step={step} />
    </span>
  );
}
