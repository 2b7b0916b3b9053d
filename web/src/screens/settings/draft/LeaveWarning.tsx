/** Asks before what was typed, or is shown only once, is lost by leaving the page. */
import { useBlocker } from "@tanstack/react-router";
import { Button } from "@/parts/Button";
import { Dialog } from "@/parts/Dialog";

interface Props {
  isChanged: boolean;
  title?: string;
  says?: string;
  leave?: string;
}

export function LeaveWarning({
  isChanged,
  title = "Leave without saving?",
  says = "What you changed on this page is not saved yet.",
  leave = "Leave without saving",
}: Props) {
  const blocked = useBlocker({
    // A search parameter of the same page loses nothing.
    shouldBlockFn: ({ current, next }) => isChanged && current.pathname !== next.pathname,
    enableBeforeUnload: () => isChanged,
    disabled: !isChanged,
    withResolver: true,
  });
  return (
    <Dialog
      title={title}
      isOpen={blocked.status === "blocked"}
      onClose={() => blocked.reset?.()}
      buttons={
        <>
          <Button onPress={() => blocked.proceed?.()}>{leave}</Button>
          <Button look="primary" autoFocus onPress={() => blocked.reset?.()}>
            Stay
          </Button>
        </>
      }
    >
      <p>{says}</p>
    </Dialog>
  );
}
