/**
 * One of a few known values. For many, or values that one types, see ComboBox.
 */
import { Check, ChevronDown } from "lucide-react";
import {
  Select as AriaSelect,
  Button,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SelectValue,
} from "react-aria-components";
import css from "./Field.module.css";
import layer from "./Layer.module.css";
import own from "./Select.module.css";

export interface Choice<K extends string = string> {
  readonly id: K;
  readonly text: string;
  /** Right of it, muted: a count, an explanation. */
  readonly aside?: string;
}

export interface SelectProps<K extends string> {
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly choices: readonly Choice<K>[];
  /** null: none is chosen. */
  readonly value: K | null;
  readonly onChange: (value: K) => void;
  readonly placeholder?: string;
  readonly isDisabled?: boolean;
  readonly size?: "small" | "usual";
}

export function Select<K extends string>({
  label,
  hideLabel = false,
  choices,
  value,
  onChange,
  placeholder = "Choose…",
  isDisabled = false,
  size = "usual",
}: SelectProps<K>) {
  return (
    <AriaSelect
      className={css.field ?? ""}
      value={value}
      onChange={(key) => {
        const chosen = choices.find((choice) => choice.id === key);
        if (chosen) onChange(chosen.id);
      }}
      isDisabled={isDisabled}
      placeholder={placeholder}
    >
      <Label className={hideLabel ? "visually-hidden" : (css.label ?? "")}>{label}</Label>
      <Button className={`${own.button} ${own[size]}`}>
        <SelectValue className={own.value ?? ""}>
          {({ selectedText, isPlaceholder }) => (isPlaceholder ? placeholder : selectedText)}
        </SelectValue>
        <ChevronDown aria-hidden />
      </Button>
      <Popover className={layer.layer ?? ""} offset={4}>
        <ListBox className={layer.list ?? ""} items={choices}>
          {(choice: Choice<K>) => (
            <ListBoxItem id={choice.id} textValue={choice.text} className={layer.item ?? ""}>
              <Check aria-hidden className={layer.check} />
              <span className={layer.words}>{choice.text}</span>
              {choice.aside && <span className={layer.aside}>{choice.aside}</span>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
