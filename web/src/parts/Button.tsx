/**
 * Buttons, and links that look like them. A button says what it does, never "OK".
 *
 * `danger` is for what can't be undone: it is dark, not red, because red means a failure.
 */
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, ReactNode, Ref } from "react";
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  ToggleButton as AriaToggleButton,
  type ToggleButtonProps as AriaToggleButtonProps,
} from "react-aria-components";
import css from "./Button.module.css";
import { Tooltip } from "./Tooltip";

export type ButtonLook = "plain" | "primary" | "quiet" | "danger";
export type ButtonSize = "small" | "usual";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children"> {
  readonly look?: ButtonLook;
  readonly size?: ButtonSize;
  /** Before the words, 16 px. */
  readonly icon?: ReactNode;
  readonly children: ReactNode;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = "plain", size = "usual", icon, children, ...rest }: ButtonProps) {
  return (
    <AriaButton {...rest} className={`${css.button} ${css[look]} ${css[size]}`}>
      {icon}
      {children}
    </AriaButton>
  );
}

export interface IconButtonProps
  extends Omit<AriaButtonProps, "className" | "style" | "children" | "aria-label"> {
  /** Its name, also its tooltip. */
  readonly label: string;
  readonly children: ReactNode;
  readonly size?: ButtonSize;
  readonly ref?: Ref<HTMLButtonElement>;
}

/** Only for close, copy, fold, play and the like. */
export function IconButton({ label, children, size = "usual", ...rest }: IconButtonProps) {
  return (
    <Tooltip text={label}>
      <AriaButton
        {...rest}
        aria-label={label}
        className={`${css.button} ${css.quiet} ${css[size]} ${css.icon}`}
      >
        {children}
      </AriaButton>
    </Tooltip>
  );
}

export interface ToggleButtonProps
  extends Omit<AriaToggleButtonProps, "className" | "style" | "children"> {
  readonly size?: ButtonSize;
  readonly icon?: ReactNode;
  readonly children: ReactNode;
}

export function ToggleButton({ size = "usual", icon, children, ...rest }: ToggleButtonProps) {
  return (
    <AriaToggleButton {...rest} className={`${css.button} ${css.plain} ${css[size]}`}>
      {icon}
      {children}
    </AriaToggleButton>
  );
}

interface AnchorProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly look?: ButtonLook;
  readonly size?: ButtonSize;
  readonly icon?: ReactNode;
  readonly ref?: Ref<HTMLAnchorElement>;
}

function Anchor({ look = "plain", size = "usual", icon, children, ...rest }: AnchorProps) {
  return (
    <a {...rest} className={`${css.button} ${css[look]} ${css[size]}`}>
      {icon}
      {children}
    </a>
  );
}

/** Goes to an address of the app; takes the router's `to`, `params` and `search`. */
export const LinkButton = createLink(Anchor);
