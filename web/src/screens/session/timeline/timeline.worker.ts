/** Works out lanes and own times beside the page, so that 100,000 rows stop nothing. */
import { layLanes } from "./lanes";
import type { Asked, Rows, Told } from "./messages";
import { bottomUp } from "./ownTime";

let rows: Rows | null = null;

addEventListener("message", (event: MessageEvent<Asked>) => {
  const asked = event.data;
  if (asked.ask === "rows") {
    rows = asked;
    const lanes = layLanes(asked.columns, asked.kinds, asked.acts, asked.extentUs);
    const told: Told = { told: "lanes", turn: asked.turn, lanes };
    postMessage(told, {
      transfer: [lanes.first.buffer, lanes.rows.buffer, lanes.laneOf.buffer] as ArrayBuffer[],
    });
    return;
  }
  if (!rows) return;
  const { columns, kinds, extentUs } = rows;
  const table = bottomUp(columns, kinds, extentUs, asked.within, asked.by);
  const told: Told = { told: "table", turn: asked.turn, table };
  postMessage(told);
});
