/** How to read the picture. */
import { FEW } from "@/format";
import css from "./Task.module.css";

export function Legend({ compares }: { compares: boolean }) {
  return (
    <p className={css.legend}>
      <span>width = sessions</span>
      {compares ? (
        <span>
          <i data-shade="4" /> changed: the interval leaves out zero
        </span>
      ) : (
        <>
          <span className={css.scale}>
            success 0 %
            {[1, 2, 3, 4, 5, 6].map((step) => (
              <i key={step} data-shade={step} />
            ))}
            100 %
          </span>
          <span>
            <i data-shade="few" /> fewer than {FEW} known
          </span>
        </>
      )}
      <span className={css.keys}>arrows walk · Enter opens · + − more or fewer · 0 fits</span>
    </p>
  );
}
