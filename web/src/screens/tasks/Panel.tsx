/** What is known of the selected node: who comes here, how it goes on, who steps in, who ends. */
import { X } from "lucide-react";
import type { TaskNode, TreeChoice } from "@/api/tasks";
import { counted, formatCount } from "@/format";
import { IconButton } from "@/parts/Button";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import { OUTCOMES, OutcomeBadge, type OutcomeLabel } from "@/parts/OutcomeBadge";
import { Compared } from "./Compared";
import { nameOf } from "./model/looks";
import css from "./Panel.module.css";
import { BranchSessions } from "./Sessions";

interface Props {
  project: string;
  task: string;
  choice: TreeChoice;
  node: TaskNode;
  /** From the start, without the node itself. */
  way: readonly TaskNode[];
  /** All sessions of the tree. */
  total: number;
  sides: readonly string[];
  showsSessions: boolean;
  onSessions: (shown: boolean) => void;
  onClose: () => void;
}

export function Panel(props: Props) {
  const { node, way, total, sides, onClose } = props;
  const { compare, loops } = node;
  return (
    <section className={css.panel} aria-label="The selected node">
      <header className={css.head}>
        <div>
          <h2>
            <KindMark kind={node.kind === "others" ? "step" : node.kind} text="" />{" "}
            <HostileText text={nameOf(node)} inline max={200} />
          </h2>
          {way.length > 1 && (
            <p className={css.muted}>
              after{" "}
              {way
                .slice(1)
                .slice(-4)
                .map((one, at) => (
                  <span key={one.id}>
                    {at > 0 && " → "}
                    <HostileText text={nameOf(one)} inline max={60} />
                  </span>
                ))}
            </p>
          )}
        </div>
        <IconButton label="Close" size="small" onPress={onClose}>
          <X aria-hidden />
        </IconButton>
      </header>
      <p>
        <strong>{formatCount(node.sessions)}</strong> of {counted(total, "session")}{" "}
        {node.sessions === 1 ? "comes" : "come"} here
        {node.is_small && node.sessions > 0 && (
          <span className={css.muted}>: few, so the figures may change much</span>
        )}
      </p>
      <dl className={css.figures}>
        <Figure name="Success from here">
          <EstimateView
            estimate={node.success}
            unit="rate"
            unknown={node.outcomes.unknown}
            label="Success from here"
            definition="Of the sessions that came here with a known outcome, those that succeeded. They chose to come here, or had to: it is not the reason by itself."
          />
        </Figure>
        {node.parent !== null && (
          <Figure name="Of those one step before">
            <EstimateView estimate={node.share} unit="rate" />
          </Figure>
        )}
        <Figure name="Cost so far">
          <EstimateView estimate={node.cost_so_far} unit="USD" />
        </Figure>
        <Figure name="Cost from here">
          <EstimateView estimate={node.cost_to_go} unit="USD" />
        </Figure>
        <Figure name="A person steps in">
          <EstimateView estimate={node.people} unit="rate" />
        </Figure>
        {loops && loops.repeated > 0 && (
          <Figure name="In a row">
            {formatCount(loops.repeated)} of {formatCount(node.sessions)} repeat it
            <span className={css.rounds}>
              {loops.distribution.map((one) => (
                <span key={one.rounds}>
                  {one.rounds}× <span className={css.muted}>{formatCount(one.sessions)}</span>
                </span>
              ))}
            </span>
          </Figure>
        )}
        {node.ended_here > 0 && (
          <Figure
            name={
              node.ended_here === 1 ? "One ends here" : `${formatCount(node.ended_here)} end here`
            }
          >
            <Ended counts={node.ended_outcomes} />
          </Figure>
        )}
        {node.members.length > 0 && (
          <Figure name="At once">
            <HostileText text={node.members.join(", ")} max={600} />
          </Figure>
        )}
      </dl>
      {compare && <Compared compare={compare} sides={sides} />}
      <BranchSessions {...props} key={node.id} />
    </section>
  );
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className={css.figure}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Ended({ counts }: { counts: TaskNode["outcomes"] }) {
  const some = (Object.keys(OUTCOMES) as OutcomeLabel[]).filter((label) => counts[label] > 0);
  return (
    <span className={css.ended}>
      {some.map((label) => (
        <span key={label}>
          <OutcomeBadge label={label} size="small" /> {formatCount(counts[label])}
        </span>
      ))}
    </span>
  );
}
