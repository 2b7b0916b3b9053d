/** Of an open session: that it is followed, or since when it can't be; and the way to its end. */

import { Button } from "@/parts/Button";
import { Stale } from "@/parts/States";
import { useLive, useSelector, useSession } from "../model";
import css from "./LiveNote.module.css";

export function LiveNote() {
  const store = useSession();
  const live = useLive();
  const isOpen = useSelector((state) => state.model?.open ?? false);
  const follows = useSelector((state) => state.follows);
  if (!isOpen) return null;
  if (live.state === "lost") return <Stale since={live.since} retry={store.retry} />;
  if (live.state === "off") return null;
  return (
    <span className={css.note}>
      <span className={css.dot} aria-hidden /> live
      {follows ? (
        ", follows its end"
      ) : (
        <Button size="small" look="quiet" onPress={store.follow}>
          To its end
        </Button>
      )}
    </span>
  );
}
