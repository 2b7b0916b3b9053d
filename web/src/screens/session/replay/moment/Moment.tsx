/** At this step: what the agent knew then, what it decided, and what came back. */

import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { lazy, memo, Suspense } from "react";
import { record, type StepAnswer } from "@/api/session";
import { useZone } from "@/app/time";
import {
  counted,
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
import { LineLength } from "../entries/Bounded";
import { Act } from "../entries/Person";
import { StepLink } from "../entries/StepLink";
import { usePlace } from "../place";
import { Context } from "./Context";
import { Given } from "./Given";
import { Memory } from "./Memory";
import css from "./Moment.module.css";
import { Saw } from "./Saw";
import { Tools } from "./Tools";
import { useMoment } from "./useMoment";

// Comes after everything that this session itself tells.
const Others = lazy(() => import("./Others").then((module) => ({ default: module.Others })));

interface MomentProps {
  showsDiff: boolean;
  onDiff: (on: boolean) => void;
}

export function Moment({ showsDiff, onDiff }: MomentProps) {
  const { project, session } = usePlace();
  const { data, error, refetch, isLate, step } = useMoment(project, session);
  return (
    <LineLength value={44}>
      <div className={css.moment}>
        <Title step={step} />
        {error && !data ? (
          <Failed what="This step could not be read." error={error} retry={refetch} />
        ) : data ? (
          <div className={css.parts} data-late={isLate} aria-busy={isLate}>
            <Details answer={data} showsDiff={showsDiff} onDiff={onDiff} />
          </div>
        ) : (
          <Loading rows={6} rowHeight="compact" what="the step" />
        )}
      </div>
    </LineLength>
  );
}

interface DetailsProps extends MomentProps {
  answer: StepAnswer;
}

/** Rendered for a new answer only, not for each step that a held key passes. */
const Details = memo(function Details({ answer: data, showsDiff, onDiff }: DetailsProps) {
  const { project, session } = usePlace();
  return (
    <>
      <SoFar answer={data} />
      <Episode answer={data} />
      {data.act && (
        <div className={css.part}>
          <Act act={data.act} step={data.step.number} />
        </div>
      )}
      {data.context && <Context context={data.context} />}
      {data.saw && (
        <Saw saw={data.saw} step={data.step.number} showsDiff={showsDiff} onDiff={onDiff} />
      )}
      {data.tools && <Tools tools={data.tools} />}
      <Given answer={data} />
      <Memory memory={data.memory} />
      <Suspense>
        <Others project={project} session={session} step={data.step.number} />
      </Suspense>
    </>
  );
});

/** From the skeleton alone: it answers a key at once. */
function Title({ step }: { step: number }) {
  const model = useModel();
  const row = model.rowOfStep[step] ?? 0;
  const kind = model.kinds[model.kind[row] ?? 0] ?? "step";
  const agent = model.agents[model.agent[row] ?? 0];
  return (
    <header className={css.title}>
      <h2 className={css.heading}>
        Step {formatCount(step)} <span className={css.muted}>of {formatCount(model.steps)}</span>
      </h2>
      <Pager />
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

const Pager = memo(function Pager() {
  const store = useSession();
  const icon = { size: 15, strokeWidth: 1.5, "aria-hidden": true } as const;
  return (
    <span className={css.pager}>
      <IconButton label="Previous step (k)" size="small" onPress={() => store.go("previous")}>
        <ChevronLeft {...icon} />
      </IconButton>
      <IconButton label="Next step (j)" size="small" onPress={() => store.go("next")}>
        <ChevronRight {...icon} />
      </IconButton>
    </span>
  );
});

function SoFar({ answer }: { answer: StepAnswer }) {
  const zone = useZone();
  const { step, so_far: soFar } = answer;
  const hasTimes = useHasTimes();
  return (
    <dl className={css.facts}>
      {hasTimes && (
        <Fact name="When">
          <span title={explainInstant(step.started_at, { zone, now: Date.now() })}>
            {formatTime(step.started_at, { zone })}
          </span>
          {step.duration_s === null
            ? ", still open"
            : step.duration_s > 0 && `, took ${formatDuration({ s: step.duration_s })}`}
        </Fact>
      )}
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
      <Fact name="Cost so far">{costText(soFar)}</Fact>
      {hasTimes && (
        <Fact name="Elapsed">
          {formatDuration({ s: soFar.elapsed_s })}
          {soFar.waited_s > 0 && `, of it ${formatDuration({ s: soFar.waited_s })} waiting`}
        </Fact>
      )}
      <Fact name="Before">{soFarText(soFar)}</Fact>
    </dl>
  );
}

/** Where the source tells no times, those that were made up for the order are not shown. */
function useHasTimes(): boolean {
  const { project, session } = usePlace();
  const { data } = useQuery(record(project, session));
  return !data?.data_findings.some((finding) => finding.code === "times_unknown");
}

function costText(soFar: StepAnswer["so_far"]): string {
  if (soFar.model_calls === 0 && soFar.cost_usd === null) return "nothing called yet";
  const share = soFar.cost_share === null ? "" : ` · ${formatShare(soFar.cost_share)} of all`;
  return formatMoney(soFar.cost_usd, soFar.unpriced_calls, soFar.model_calls) + share;
}

function soFarText(soFar: StepAnswer["so_far"]): string {
  const parts = [
    `${formatCount(soFar.model_calls)} model, ${formatCount(soFar.tool_calls)} tool calls`,
  ];
  if (soFar.errors > 0) parts.push(`${formatCount(soFar.errors)} failed`);
  if (soFar.people > 0) parts.push(counted(soFar.people, "act of people", "acts of people"));
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
  const note = answer.act || answer.handoff ? null : step.note;
  if (!episode && !asked && !note) return null;
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
      {note && (
        <p className={css.muted}>
          <HostileText text={note} max={300} />
        </p>
      )}
    </div>
  );
}
