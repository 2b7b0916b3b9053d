/**
 * Short news of what was just done: "Copied", "Deleted 3 sessions". Never an error that matters:
 * those stand where they happened.
 *
 * One region stands in the frame; `say` adds to it from anywhere. At most three are kept.
 */
import { X } from "lucide-react";
import {
  UNSTABLE_Toast as AriaToast,
  UNSTABLE_ToastContent as AriaToastContent,
  UNSTABLE_ToastQueue as AriaToastQueue,
  UNSTABLE_ToastRegion as AriaToastRegion,
  Button,
  Text,
} from "react-aria-components";
import css from "./Toasts.module.css";

interface News {
  readonly text: string;
  readonly act?: { readonly text: string; readonly run: () => void };
}

const queue = new AriaToastQueue<News>({ maxVisibleToasts: 3 });

/** 5 s is the least that WCAG's advice leaves for a line; with an act it stays for 10. */
export function say(text: string, act?: { text: string; run: () => void }): void {
  queue.add(act ? { text, act } : { text }, { timeout: act ? 10_000 : 5_000 });
}

export function ToastRegion() {
  return (
    <AriaToastRegion queue={queue} className={css.region ?? ""} aria-label="News">
      {({ toast }) => (
        <AriaToast toast={toast} className={css.toast ?? ""}>
          <AriaToastContent className={css.words ?? ""}>
            <Text slot="title">{toast.content.text}</Text>
          </AriaToastContent>
          {toast.content.act && (
            <Button
              className={css.act ?? ""}
              onPress={() => {
                toast.content.act?.run();
                queue.close(toast.key);
              }}
            >
              {toast.content.act.text}
            </Button>
          )}
          <Button slot="close" className={css.close ?? ""} aria-label="Close">
            <X aria-hidden />
          </Button>
        </AriaToast>
      )}
    </AriaToastRegion>
  );
}
