/** "12 new", above the rows, until they are asked for. */
import { ArrowUp } from "lucide-react";
import { useEffect, useState } from "react";
import { counted, formatCount } from "@/format";
import { Button } from "@/parts/Button";
import css from "../Sessions.module.css";
import type { LiveRows } from "./useLiveRows";

/** To the ear, at most one message in so long. */
const SAID_EVERY_MS = 5_000;

export function NewLine({ live }: { live: LiveRows }) {
  const text = live.isOutdated
    ? "The list has changed"
    : live.news > 0
      ? `${formatCount(live.news)} new`
      : "";
  const said = useSlow(live.news > 0 ? counted(live.news, "new session", "new sessions") : text);
  return (
    <>
      <span role="status" className="visually-hidden">
        {said}
      </span>
      {text && (
        <div className={css.news}>
          <Button
            look="quiet"
            size="small"
            icon={<ArrowUp aria-hidden />}
            onPress={() => {
              window.scrollTo({ top: 0 });
              live.show();
            }}
          >
            {text} · show
          </Button>
        </div>
      )}
    </>
  );
}

function useSlow(text: string): string {
  const [kept, setKept] = useState({ text: "", at: 0 });
  useEffect(() => {
    const wait = Math.max(0, kept.at + SAID_EVERY_MS - Date.now());
    if (text === kept.text) return;
    const timer = setTimeout(() => setKept({ text, at: Date.now() }), wait);
    return () => clearTimeout(timer);
  }, [text, kept]);
  return kept.text;
}
