/** Works out lanes and own times beside the page, so that 100,000 rows stop nothing. */
import { makeAxis } from "./folds";
import { layLanes } from "./lanes";
import type { Asked, Rows, Told } from "./messages";
import { bottomUp } from "./ownTime";

let rows: Rows | null = null;

addEventListener("message", (event: MessageEvent<Asked>) => {
  const asked = event.data;
  if (asked.ask === "rows") {
    rows = asked;
    const axis = makeAxis(asked.idle, asked.extentUs);
    const lanes = layLanes(asked.columns, asked.kinds, asked.acts, asked.extentUs, axis);
    const told: Told = { told: "lanes", turn: asked.turn, lanes };
    postMessage(told, {
      transfer: [lanes.first, lanes.rows, lanes.laneOf, lanes.fromAt, lanes.untilAt].map(
        (array) => array.buffer as ArrayBuffer,
      ),
    });
    return;
  }
  if (!rows) return;
  const { columns, kinds, extentUs } = rows;
  const table = bottomUp(columns, kinds, extentUs, asked.within, asked.by);
  const told: Told = { told: "table", turn: asked.turn, table };
  postMessage(told);
});
