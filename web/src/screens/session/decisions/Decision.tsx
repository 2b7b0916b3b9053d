/** The selected decision: what it cost, how its rounds ended, and what others did here. */
import { formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import { Money } from "@/parts/Money";
import { StatusBadge } from "@/parts/StatusBadge";
import { Others } from "../replay/moment/Others";
import { StepLink, StepLinks } from "../StepLink";
import type { Row } from "./rows";
import css from "./View.module.css";
import { iconKind, leftText } from "./words";

interface Props {
  row: Row;
  project: string;
  session: string;
  step: number;
}

export function Decision({ row, project, session, step }: Props) {
  const { node, chosen } = row;
  const last = chosen ?? node;
  const steps = [...new Set([...(node.steps ?? []), ...(chosen?.steps ?? [])])];
  return (
    <section className={css.aside} aria-label="The selected decision">
      <h2>
        <KindMark kind={iconKind(last)} text="" /> <HostileText text={last.label} max={400} />
      </h2>
      <dl className={css.facts}>
        {chosen && (
          <Fact name="Chosen by">
            <HostileText text={node.label} inline max={120} />
          </Fact>
        )}
        {last.status && last.status !== "unset" && last.kind !== "end" && (
          <Fact name="Ended">
            <StatusBadge status={last.status} />
          </Fact>
        )}
        {node.verdict && (
          <Fact name="The person">
            <HostileText text={node.verdict} inline max={120} />
          </Fact>
        )}
        {leftText(last) && (
          <Fact name="Then">{leftText(last)}: another attempt took its place</Fact>
        )}
        {node.count !== undefined && (
          <Fact name="Rounds">
            {formatCount(node.count)}
            {Object.entries(node.statuses ?? {})
              .filter(([status]) => status !== "unset")
              .map(([status, times]) => (
                <span key={status} className={css.round}>
                  <StatusBadge status={status} aside={formatCount(times)} />
                </span>
              ))}
          </Fact>
        )}
        {node.total_usd !== undefined && (
          <Fact name="Cost, with all below">
            <Money usd={node.total_usd} />
          </Fact>
        )}
        {steps.length > 0 && (
          <Fact name={steps.length === 1 ? "In the replay" : "Steps"}>
            {steps.length === 1 ? (
              <StepLink step={steps[0] ?? 0} />
            ) : (
              <StepLinks steps={steps} count={steps.length} most={8} />
            )}
          </Fact>
        )}
      </dl>
      <Others project={project} session={session} step={step} />
    </section>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className={css.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
