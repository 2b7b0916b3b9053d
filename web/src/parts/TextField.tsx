/**
 * One text that somebody types, on one line or several, with its label, hint and error.
 */
import type { Ref } from "react";
import {
  TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
  FieldError,
  Input,
  Label,
  Text,
  TextArea,
} from "react-aria-components";
import css from "./Field.module.css";

export interface TextFieldProps
  extends Omit<AriaTextFieldProps, "className" | "style" | "children"> {
  readonly label: string;
  /** The label is read out only: what stands around the field says it to the eye. */
  readonly hideLabel?: boolean;
  readonly hint?: string;
  /** What is wrong, and what to do. Given = invalid. */
  readonly error?: string | undefined;
  readonly placeholder?: string;
  readonly mono?: boolean;
  /** More than 1 makes it a text area of so many lines. */
  readonly lines?: number;
  readonly inputRef?: Ref<HTMLInputElement & HTMLTextAreaElement>;
}

export function TextField({
  label,
  hideLabel = false,
  hint,
  error,
  placeholder,
  mono = false,
  lines = 1,
  inputRef,
  ...rest
}: TextFieldProps) {
  const look = `${css.input} ${mono ? css.mono : ""}`;
  return (
    <AriaTextField
      {...rest}
      isInvalid={rest.isInvalid ?? Boolean(error)}
      className={css.field ?? ""}
    >
      <Label className={hideLabel ? "visually-hidden" : (css.label ?? "")}>{label}</Label>
      {lines > 1 ? (
        <TextArea
          ref={inputRef as never}
          rows={lines}
          {...(placeholder ? { placeholder } : {})}
          className={look}
        />
      ) : (
        <Input ref={inputRef as never} {...(placeholder ? { placeholder } : {})} className={look} />
      )}
      {hint && !error && (
        <Text slot="description" className={css.hint ?? ""}>
          {hint}
        </Text>
      )}
      <FieldError className={css.error ?? ""}>{error ? error : undefined}</FieldError>
    </AriaTextField>
  );
}
