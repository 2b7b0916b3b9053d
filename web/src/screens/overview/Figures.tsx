/** The figures of the period, each with its interval, its count and how it compares. */
import type { OverviewAnswer } from "@/api/overview";
import { formatEstimate } from "@/format";
import { DifferenceView } from "@/parts/DifferenceView";
import { EstimateView } from "@/parts/EstimateView";
import { sessionsBehind } from "./behind";
import styles from "./Figures.module.css";

type Figure = OverviewAnswer["figures"][number];

export function Figures({ figures, project }: { figures: readonly Figure[]; project: string }) {
  const rates = figures.filter((figure) => figure.kind !== "sum");
  const sums = figures.filter((figure) => figure.kind === "sum");
  return (
    <section aria-label="Figures" className={styles.figures}>
      <dl className={styles.rates}>
        {rates.map((figure) => (
          <div key={figure.name} className={styles.figure}>
            <dt>{figure.title}</dt>
            <dd>
              <EstimateView
                estimate={figure.now}
                unit={figure.unit}
                definition={figure.definition}
                label={figure.title}
                look="large"
                to={sessionsBehind(figure.behind, project)}
              />
              <span className={styles.before}>
                {figure.difference && (
                  <DifferenceView difference={figure.difference} unit={figure.unit} />
                )}
              </span>
            </dd>
          </div>
        ))}
      </dl>
      <dl className={styles.sums}>
        {sums.map((figure) => (
          <div key={figure.name}>
            <dt>{figure.title}</dt>
            <dd>
              <EstimateView
                estimate={figure.now}
                unit={figure.unit}
                definition={figure.definition}
                label={figure.title}
                to={sessionsBehind(figure.behind, project)}
              />{" "}
              <span className={styles.was}>
                before {formatEstimate(figure.before, figure.unit).value}
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
