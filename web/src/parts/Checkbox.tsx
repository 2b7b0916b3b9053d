/** Yes or no, sent with a form; also "some of them". For what works at once, see Switch. */
import type { ReactNode } from "react";
import {
  Checkbox as AriaCheckbox,
  type CheckboxProps as AriaCheckboxProps,
} from "react-aria-components";
import css from "./Checkbox.module.css";

export interface CheckboxProps extends Omit<AriaCheckboxProps, "className" | "style" | "children"> {
  /** Without words it needs an `aria-label`. */
  readonly children?: ReactNode;
}

export function Checkbox({ children, ...rest }: CheckboxProps) {
  return (
    <AriaCheckbox {...rest} className={css.checkbox ?? ""}>
      {({ isSelected, isIndeterminate }) => (
        <>
          <span className={css.box} aria-hidden>
            <svg viewBox="0 0 16 16" role="presentation">
              {isIndeterminate ? <path d="M4 8h8" /> : isSelected && <path d="M3.5 8.5l3 3 6-7" />}
            </svg>
          </span>
          {children}
        </>
      )}
    </AriaCheckbox>
  );
}
