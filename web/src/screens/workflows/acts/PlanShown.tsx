/** What a move would do, as the server tells it before anything is moved. */
import type { Plan } from "@/api/workflows";
import { HostileText } from "@/parts/HostileText";
import { Failed, Loading } from "@/parts/States";
import { memoryLines, sideWords } from "../words/plan";
import css from "./Acts.module.css";

export function PlanShown({ plan, error }: { plan: Plan | undefined; error: unknown }) {
  if (error) return <Failed error={error} what="This move is not possible." />;
  if (!plan) return <Loading rows={3} rowHeight="compact" what="what would happen" />;
  const memory = memoryLines(plan.memory);
  return (
    <div className={css.plan}>
      <dl>
        <div>
          <dt>Runs now</dt>
          <dd>{sideWords(plan.from)}</dd>
        </div>
        <div>
          <dt>Would run</dt>
          <dd>
            <strong>{sideWords(plan.to)}</strong>
          </dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd>
            {memory.length === 0
              ? "stays as it is"
              : memory.map((line) => (
                  <p key={line}>
                    <HostileText text={line} max={400} />
                  </p>
                ))}
          </dd>
        </div>
        <div>
          <dt>In progress</dt>
          <dd>{plan.sessions}</dd>
        </div>
        {plan.not_moved.length > 0 && (
          <div>
            <dt>To do by hand</dt>
            <dd>
              <ul>
                {plan.not_moved.map((line) => (
                  <li key={line}>
                    <HostileText text={line} max={600} />
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        )}
      </dl>
    </div>
  );
}
