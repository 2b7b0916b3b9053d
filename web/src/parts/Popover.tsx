/** A layer beside the button that opened it, for what needs more than a menu. */
import type { ReactNode } from "react";
import { Popover as AriaPopover, Dialog, DialogTrigger } from "react-aria-components";
import layer from "./Layer.module.css";
import css from "./Popover.module.css";

export interface PopoverProps {
  /** A Button or IconButton of these parts. */
  readonly trigger: ReactNode;
  readonly label: string;
  readonly children: ReactNode | ((close: () => void) => ReactNode);
  readonly placement?: "bottom start" | "bottom end" | "top start" | "bottom" | "right top";
  readonly isOpen?: boolean;
  readonly onOpenChange?: (isOpen: boolean) => void;
}

export function Popover({
  trigger,
  label,
  children,
  placement = "bottom start",
  isOpen,
  onOpenChange,
}: PopoverProps) {
  return (
    <DialogTrigger
      {...(isOpen === undefined ? {} : { isOpen })}
      {...(onOpenChange ? { onOpenChange } : {})}
    >
      {trigger}
      <AriaPopover className={layer.layer ?? ""} placement={placement} offset={4}>
        <Dialog aria-label={label} className={css.inside ?? ""}>
          {({ close }) => (typeof children === "function" ? children(close) : children)}
        </Dialog>
      </AriaPopover>
    </DialogTrigger>
  );
}
