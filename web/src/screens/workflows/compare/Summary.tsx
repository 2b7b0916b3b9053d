/** What changed by its meaning; what may be done and spent in a box of its own. */
import type { Comparison, Meaning } from "@/api/workflows";
import { HostileText } from "@/parts/HostileText";
import { areaTitle, bySeverity, isLimit } from "../words/summary";
import own from "./Compare.module.css";

const SIGNS: Record<Meaning["severity"], { sign: string; word: string }> = {
  widens: { sign: "▲", word: "wider" },
  narrows: { sign: "▽", word: "narrower" },
  changes: { sign: "·", word: "other" },
};

export function Summary({ told }: { told: Comparison }) {
  const sorted = bySeverity(told.summary);
  const limits = sorted.filter((one) => isLimit(one));
  const others = sorted.filter((one) => !isLimit(one));
  return (
    <section className={own.summary} aria-label="What changed">
      <div className={own.limits}>
        <h2>What it may do and spend</h2>
        {limits.length > 0 ? (
          <Lines lines={limits} />
        ) : (
          <p className={own.muted}>As before: permissions, budgets and when a person is asked.</p>
        )}
      </div>
      {others.length > 0 && (
        <div className={own.others}>
          <h2>Otherwise</h2>
          <Lines lines={others} />
        </div>
      )}
    </section>
  );
}

function Lines({ lines }: { lines: readonly Meaning[] }) {
  return (
    <ul className={own.lines}>
      {lines.map((one) => {
        const { sign, word } = SIGNS[one.severity];
        return (
          <li key={`${one.area} ${one.text}`} data-severity={one.severity}>
            <span aria-hidden className={own.sign}>
              {sign}
            </span>
            <span>
              <HostileText text={one.text} inline max={400} />{" "}
              <span className={own.muted}>
                {one.severity === "changes" ? areaTitle(one.area).toLowerCase() : word}
              </span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
