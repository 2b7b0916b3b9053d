/** Replay: the outline, the transcript, and what the agent knew at the selected step. */
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { createPortal } from "react-dom";
import { useKeys } from "@/app/keys/useKeys";
import { Button } from "@/parts/Button";
import { CONTROLS } from "../controls";
import { useSession } from "../model";
import { Find } from "./Find";
import { Moment } from "./moment/Moment";
import { Outline } from "./Outline";
import { Player } from "./Player";
import { usePlace } from "./place";
import { Transcript } from "./Transcript";
import { useFolding } from "./useFolding";
import css from "./View.module.css";

// Only narrow screens open one.
const Dialog = lazy(() => import("@/parts/Dialog").then((module) => ({ default: module.Dialog })));

type Sheet = "outline" | "moment" | null;

export function View() {
  const place = usePlace();
  const store = useSession();
  const navigate = useNavigate();
  const [sheet, setSheet] = useState<Sheet>(null);
  const [showsDiff, setDiff] = useState(false);
  useFolding(place.session);
  useKeys({
    seen: () => setDiff((on) => !on),
    raw: () =>
      void navigate({
        to: "/p/$project/sessions/$session/$view",
        params: { ...place, view: "raw" },
        search: { step: store.state.step },
      }),
  });
  const controls = document.getElementById(CONTROLS);
  const moment = <Moment showsDiff={showsDiff} onDiff={setDiff} />;
  return (
    <div className={css.replay}>
      {controls && createPortal(<Player />, controls)}
      <div className={css.sheets}>
        <Button size="small" onPress={() => setSheet("outline")}>
          Outline
        </Button>
        <Button size="small" onPress={() => setSheet("moment")}>
          At this step
        </Button>
      </div>
      <aside className={css.outline} aria-label="Outline">
        <Find>
          <Outline />
        </Find>
      </aside>
      <Transcript />
      <aside className={css.moment} aria-label="At this step">
        {moment}
      </aside>
      <Suspense>
        {sheet && (
          <Dialog
            title={sheet === "outline" ? "Outline" : "At this step"}
            isOpen
            onClose={() => setSheet(null)}
          >
            {sheet === "outline" ? <Outline onChosen={() => setSheet(null)} /> : moment}
          </Dialog>
        )}
      </Suspense>
    </div>
  );
}
