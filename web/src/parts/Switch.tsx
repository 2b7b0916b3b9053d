/** On or off, at once. */
import type { ReactNode } from "react";
import { Switch as AriaSwitch, type SwitchProps as AriaSwitchProps } from "react-aria-components";
import css from "./Switch.module.css";

export interface SwitchProps extends Omit<AriaSwitchProps, "className" | "style" | "children"> {
  /** Without words it needs an `aria-label`. */
  readonly children?: ReactNode;
}

export function Switch({ children, ...rest }: SwitchProps) {
  return (
    <AriaSwitch {...rest} className={css.switch ?? ""}>
      <span className={css.track} aria-hidden>
        <span className={css.thumb} />
      </span>
      {children}
    </AriaSwitch>
  );
}
