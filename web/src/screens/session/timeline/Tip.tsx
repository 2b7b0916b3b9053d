/** What the pointer is at: the same facts stand in the tree and in the table. */
import { exactCount, formatDuration } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import type { Model } from "../model";
import { kindOf, took } from "../spanWords";
import css from "./View.module.css";

export interface TipProps {
  readonly model: Model;
  readonly row: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

const WIDTH = 260;

export function Tip({ model, row, x, y, width }: TipProps) {
  const step = model.step[row] ?? 0;
  const failed = model.error[row] === 1;
  const recovered = failed && (model.episode[row] ?? 0) > 0;
  const act = model.acts.find((one) => one.row === row);
  const left = Math.max(4, Math.min(x + 12, width - WIDTH - 4));
  return (
    <div className={css.tip} style={{ left, top: y + 40, width: WIDTH }} aria-hidden="true">
      <p className={css.tipTitle}>
        <KindMark kind={kindOf(model, row)} text="" />
        <HostileText text={model.names[model.name[row] ?? 0] ?? ""} inline />
      </p>
      <p>
        {took(model, row)}, after {formatDuration({ ms: (model.startUs[row] ?? 0) / 1000 })}
      </p>
      {act?.waited_us ? (
        <p>waited {formatDuration({ ms: act.waited_us / 1000 })} for a person</p>
      ) : null}
      {model.agents[model.agent[row] ?? 0] && (
        <p className={css.note}>
          <HostileText text={model.agents[model.agent[row] ?? 0] ?? ""} inline />
        </p>
      )}
      {failed && (
        <p className={recovered ? css.note : css.failed}>
          {recovered ? `✓ recovered at step ${exactCount(model.episode[row])}` : "✕ failed"}
        </p>
      )}
      <p className={css.note}>
        {step > 0 ? `step ${exactCount(step)} of ${exactCount(model.steps)}` : "no step"}
      </p>
    </div>
  );
}
