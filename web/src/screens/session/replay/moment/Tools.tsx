/** Which tools it could have called, and which it did. */
import type { StepAnswer } from "@/api/session";
import { counted, formatCount } from "@/format";
import { visibleText } from "@/parts/hostile";
import css from "./Moment.module.css";

export function Tools({ tools }: { tools: NonNullable<StepAnswer["tools"]> }) {
  const { offered, chosen } = tools;
  if (!offered && chosen.length === 0) return null;
  const times = new Map<string, number>();
  for (const name of chosen) times.set(name, (times.get(name) ?? 0) + 1);
  const names = offered ? offered.map((tool) => tool.name) : [...times.keys()];
  return (
    <section className={css.part}>
      <h3>
        Tools{" "}
        <span className={css.muted}>
          {offered ? `${counted(offered.length, "tool")} offered` : "offered ones not told"},{" "}
          {chosen.length === 0 ? "none called" : `${formatCount(chosen.length)} called`}
        </span>
      </h3>
      <ul className={css.tools}>
        {names.slice(0, 40).map((name) => (
          <li
            key={name}
            data-chosen={times.has(name)}
            title={visibleText(offered?.find((tool) => tool.name === name)?.description ?? "", 300)}
          >
            {visibleText(name, 60)}
            {(times.get(name) ?? 0) > 1 && ` ×${times.get(name)}`}
            {times.has(name) && <span className="visually-hidden"> (called)</span>}
          </li>
        ))}
        {names.length > 40 && <li>{formatCount(names.length - 40)} more</li>}
      </ul>
    </section>
  );
}
