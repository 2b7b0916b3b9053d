/**
 * A filter or find field: `Esc` empties it, `Enter` sends it. Its results are the screen's.
 */
import { Search, X } from "lucide-react";
import type { Ref } from "react";
import {
  SearchField as AriaSearchField,
  type SearchFieldProps as AriaSearchFieldProps,
  Button,
  Group,
  Input,
  Label,
} from "react-aria-components";
import css from "./Field.module.css";
import own from "./SearchField.module.css";

export interface SearchFieldProps
  extends Omit<AriaSearchFieldProps, "className" | "style" | "children"> {
  /** Read out, not shown. */
  readonly label: string;
  readonly placeholder?: string;
  readonly inputRef?: Ref<HTMLInputElement>;
}

export function SearchField({ label, placeholder, inputRef, ...rest }: SearchFieldProps) {
  return (
    <AriaSearchField {...rest} className={css.field ?? ""}>
      {({ isEmpty }) => (
        <>
          <Label className="visually-hidden">{label}</Label>
          <Group className={css.control ?? ""}>
            <Search className={css.icon} aria-hidden />
            <Input
              ref={inputRef as never}
              {...(placeholder ? { placeholder } : {})}
              className={`${css.input} ${own.input}`}
            />
            {!isEmpty && (
              <Button className={own.clear ?? ""} aria-label="Clear">
                <X aria-hidden />
              </Button>
            )}
          </Group>
        </>
      )}
    </AriaSearchField>
  );
}
