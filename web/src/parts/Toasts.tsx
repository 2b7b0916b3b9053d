/**
 * Short news of what was just done: "Copied", "Deleted 3 sessions". Never an error that matters:
 * those stand where they happened.
 *
 * One region stands in the frame; `say` adds to it from anywhere. At most three are kept. It is
 * read out when the reader has time; nothing takes the focus.
 */
import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import css from "./Toasts.module.css";

interface News {
  readonly id: number;
  readonly text: string;
  readonly act?: { readonly text: string; readonly run: () => void };
}

const MOST = 3;
let shown: readonly News[] = [];
let next = 0;
const listeners = new Set<() => void>();

function show(news: readonly News[]): void {
  shown = news;
  for (const listener of listeners) listener();
}

function close(id: number): void {
  show(shown.filter((one) => one.id !== id));
}

/** 5 s is the least that WCAG's advice leaves for a line; with an act it stays for 10. */
export function say(text: string, act?: { text: string; run: () => void }): void {
  next += 1;
  const id = next;
  show([...shown, act ? { id, text, act } : { id, text }].slice(-MOST));
  window.setTimeout(() => close(id), act ? 10_000 : 5_000);
}

function listen(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

export function ToastRegion() {
  const news = useSyncExternalStore(listen, () => shown);
  return (
    <section className={css.region} aria-label="News" aria-live="polite">
      {news.map((one) => (
        <div key={one.id} className={css.toast}>
          <span className={css.words}>{one.text}</span>
          {one.act && (
            <button
              type="button"
              className={css.act}
              onClick={() => {
                one.act?.run();
                close(one.id);
              }}
            >
              {one.act.text}
            </button>
          )}
          <button
            type="button"
            className={css.close}
            aria-label="Close"
            onClick={() => close(one.id)}
          >
            <X aria-hidden />
          </button>
        </div>
      ))}
    </section>
  );
}
