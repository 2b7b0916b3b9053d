/**
 * A word or two about what has the focus or the pointer. Never the only place of anything.
 */
import type { ReactElement, ReactNode } from "react";
import { Tooltip as AriaTooltip, Focusable, TooltipTrigger } from "react-aria-components";
import css from "./Tooltip.module.css";

export interface TooltipProps {
  readonly text: ReactNode;
  /** What can have the focus: a button or a link of these parts, or an element with `tabIndex`. */
  readonly children: ReactElement;
  readonly placement?: "top" | "bottom" | "left" | "right";
  /** Children that aren't react-aria's own (a router link, a span with tabIndex). */
  readonly plain?: boolean;
}

export function Tooltip({ text, children, placement = "top", plain = false }: TooltipProps) {
  return (
    <TooltipTrigger delay={500} closeDelay={80}>
      {plain ? (
        <Focusable>{children as ReactElement<React.DOMAttributes<Element>, string>}</Focusable>
      ) : (
        children
      )}
      <AriaTooltip className={css.tooltip ?? ""} placement={placement} offset={6}>
        {text}
      </AriaTooltip>
    </TooltipTrigger>
  );
}
