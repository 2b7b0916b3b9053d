/** A node in two versions or periods, each figure with its difference and its verdict. */
import type { NodeComparison } from "@/api/tasks";
import { type Difference, type Estimate, formatCount, type Unit } from "@/format";
import { DifferenceView } from "@/parts/DifferenceView";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import css from "./Panel.module.css";

export function Compared({
  compare,
  sides,
}: {
  compare: NodeComparison;
  sides: readonly string[];
}) {
  const { a, b } = compare;
  return (
    <section className={css.compared} aria-label="Compared">
      <h3>
        <HostileText text={sides[0] ?? ""} inline max={60} />{" "}
        <span className={css.muted}>{formatCount(a.sessions)}</span> →{" "}
        <HostileText text={sides[1] ?? ""} inline max={60} />{" "}
        <span className={css.muted}>{formatCount(b.sessions)}</span>
      </h3>
      <dl className={css.figures}>
        <Row
          name="Come here"
          a={a.reached}
          b={b.reached}
          unit="rate"
          difference={{ ...compare.reached, verdict: compare.moved }}
        />
        <Row name="Success" a={a.success} b={b.success} unit="rate" difference={compare.success} />
        <Row
          name="Cost from here"
          a={a.cost_to_go}
          b={b.cost_to_go}
          unit="USD"
          difference={compare.cost_to_go}
        />
        <Row name="A person" a={a.people} b={b.people} unit="rate" difference={compare.people} />
      </dl>
    </section>
  );
}

interface RowProps {
  name: string;
  a: Estimate;
  b: Estimate;
  unit: Unit;
  difference: Difference;
}

function Row({ name, a, b, unit, difference }: RowProps) {
  return (
    <div className={css.figure}>
      <dt>{name}</dt>
      <dd>
        <DifferenceView difference={difference} unit={unit} />
        <span className={css.sides}>
          <EstimateView estimate={a} unit={unit} /> → <EstimateView estimate={b} unit={unit} />
        </span>
      </dd>
    </div>
  );
}
