/** At this step: what the agent knew then, what it decided, and what came back. */
import { ChevronLeft, ChevronRight } from "lucide-react";
import type { StepAnswer } from "@/api/session";
import { useZone } from "@/app/time";
import {
  explainInstant,
  formatCount,
  formatDuration,
  formatMoney,
  formatShare,
  formatTime,
  formatTokens,
  formatUsd,
} from "@/format";
import { IconButton } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import { Failed, Loading } from "@/parts/States";
import { useModel, useSession } from "../../model";
import { stepName } from "../../model/words";
import { StepLink } from "../entries/StepLink";
import { usePlace } from "../place";
import { Context } from "./Context";
import { Given } from "./Given";
import { Memory } from "./Memory";
import css from "./Moment.module.css";
import { Others } from "./Others";
import { Saw } from "./Saw";
import { Tools } from "./Tools";
import { useMoment } from "./useMoment";

interface MomentProps {
  showsDiff: boolean;
  onDiff: (on: boolean) => void;
}

export function Moment({ showsDiff, onDiff }: MomentProps) {
  const { project, session } = usePlace();
  const { data, error, refetch, isLate, step } = useMoment(project, session);
  return (
    <div className={css.moment}>
      <Title step={step} />
      {error && !data ? (
        <Failed what="This step could not be read." error={error} retry={refetch} />
      ) : data ? (
        <div className={css.parts} data-late={isLate} aria-busy={isLate}>
          <SoFar answer={data} />
          <Episode answer={data} />
          {data.context && <Context context={data.context} />}
          {data.saw && (
            <Saw saw={data.saw} step={data.step.number} showsDiff={showsDiff} onDiff={onDiff} />
          )}
          {data.tools && <Tools tools={data.tools} />}
          <Given answer={data} />
          <Memory memory={data.memory} />
          <Others project={project} session={session} step={data.step.number} />
        </div>
      ) : (
        <Loading rows={6} rowHeight="compact" what="the step" />
      )}
    </div>
  );
}

/** From the skeleton alone: it answers a key at once. */
function Title({ step }: { step: number }) {
  const model = useModel();
  const store = useSession();
  const row = model.rowOfStep[step] ?? 0;
  const kind = model.kinds[model.kind[row] ?? 0] ?? "step";
  const agent = model.agents[model.agent[row] ?? 0];
  const icon = { size: 15, strokeWidth: 1.5, "aria-hidden": true } as const;
  return (
    <header className={css.title}>
      <h2 className={css.heading}>
        Step {formatCount(step)} <span className={css.muted}>of {formatCount(model.steps)}</span>
      </h2>
      <span className={css.pager}>
        <IconButton label="Previous step (k)" size="small" onPress={() => store.go("previous")}>
          <ChevronLeft {...icon} />
        </IconButton>
        <IconButton label="Next step (j)" size="small" onPress={() => store.go("next")}>
          <ChevronRight {...icon} />
        </IconButton>
      </span>
      <p className={css.what}>
        <KindMark
          kind={kind}
          text={<HostileText text={stepName(model, step)} inline max={120} />}
        />
        {agent && kind !== "agent" && (
          <span className={css.by}>
            by <HostileText text={agent} inline max={60} />
          </span>
        )}
      </p>
    </header>
  );
}

function SoFar({ answer }: { answer: StepAnswer }) {
  const zone = useZone();
  const { step, so_far: soFar } = answer;
  const calls = soFar.model_calls;
  return (
    <dl className={css.facts}>
      <Fact name="When">
        <span title={explainInstant(step.started_at, { zone, now: Date.now() })}>
          {formatTime(step.started_at, { zone })}
        </span>
        {step.duration_s === null
          ? ", still open"
          : step.duration_s > 0 && `, took ${formatDuration({ s: step.duration_s })}`}
      </Fact>
      {step.status && step.status !== "ok" && step.status !== "unset" && (
        <Fact name="Status">
          {step.status}
          {step.error && (
            <span className={css.error}>
              <HostileText text={step.error} max={600} />
            </span>
          )}
        </Fact>
      )}
      {(step.cost_usd || step.input_tokens !== null) && (
        <Fact name="This call">
          {step.cost_usd ? `${formatUsd(step.cost_usd)} · ` : ""}
          {formatTokens({
            input: step.input_tokens,
            cached: step.cache_read_tokens,
            output: step.output_tokens,
          })}
          {step.time_to_first_token_s !== null &&
            ` · first token after ${formatDuration({ s: step.time_to_first_token_s })}`}
        </Fact>
      )}
      <Fact name="Cost so far">
        {formatMoney(soFar.cost_usd, soFar.unpriced_calls, calls)}
        {soFar.cost_share !== null && ` · ${formatShare(soFar.cost_share)} of all`}
      </Fact>
      <Fact name="Elapsed">
        {formatDuration({ s: soFar.elapsed_s })}
        {soFar.waited_s > 0 && `, of it ${formatDuration({ s: soFar.waited_s })} waiting`}
      </Fact>
      <Fact name="Before">{soFarText(soFar)}</Fact>
    </dl>
  );
}

function soFarText(soFar: StepAnswer["so_far"]): string {
  const parts = [
    `${formatCount(soFar.model_calls)} model, ${formatCount(soFar.tool_calls)} tool calls`,
  ];
  if (soFar.errors > 0) parts.push(`${formatCount(soFar.errors)} failed`);
  if (soFar.people > 0) parts.push(`${formatCount(soFar.people)} by people`);
  return parts.join(" · ");
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className={css.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Episode({ answer }: { answer: StepAnswer }) {
  const { episode, asked_by: asked, step } = answer;
  if (!episode && !asked && !step.note) return null;
  return (
    <div className={css.notes}>
      {asked && (
        <p>
          Asked for at step <StepLink step={asked.step} />
          {asked.model && (
            <span className={css.muted}>
              {" "}
              by <HostileText text={asked.model} inline max={60} />
            </span>
          )}
        </p>
      )}
      {episode && (
        <p data-lost={!episode.recovered} className={css.episode}>
          {episode.recovered ? "Recovered" : "✕ Never recovered"}
          {episode.recovered_at_step !== null && (
            <>
              {" "}
              at <StepLink step={episode.recovered_at_step} />
            </>
          )}
          {episode.by_fallback && " by a fallback"} · attempt {formatCount(episode.attempt)} of{" "}
          {formatCount(episode.attempts.length)}
          {episode.opened_at_step !== null && episode.opened_at_step !== step.number && (
            <>
              {" "}
              · since <StepLink step={episode.opened_at_step} />
            </>
          )}
        </p>
      )}
      {step.note && (
        <p className={css.muted}>
          <HostileText text={step.note} max={300} />
        </p>
      )}
    </div>
  );
}
