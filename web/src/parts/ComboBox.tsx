/**
 * One value of many, found by typing; with `allowsCustom` also one that is not in the list.
 */
import { ChevronDown } from "lucide-react";
import {
  ComboBox as AriaComboBox,
  Button,
  Group,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
} from "react-aria-components";
import css from "./Field.module.css";
import layer from "./Layer.module.css";
import own from "./SearchField.module.css";
import type { Choice } from "./Select";

export interface ComboBoxProps {
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly choices: readonly Choice[];
  readonly value: string;
  /** With the id of a choice, or what was typed where that is allowed. */
  readonly onChange: (value: string) => void;
  readonly allowsCustom?: boolean;
  readonly placeholder?: string;
  readonly isDisabled?: boolean;
  readonly mono?: boolean;
}

export function ComboBox({
  label,
  hideLabel = false,
  choices,
  value,
  onChange,
  allowsCustom = false,
  placeholder,
  isDisabled = false,
  mono = false,
}: ComboBoxProps) {
  const known = choices.some((choice) => choice.id === value);
  return (
    <AriaComboBox
      className={css.field ?? ""}
      defaultItems={choices}
      {...(known ? { defaultValue: value } : { defaultInputValue: value })}
      key={value}
      onChange={(key) => {
        if (key !== null && key !== value) onChange(String(key));
      }}
      onBlur={(event) => {
        const typed = (event.target as HTMLInputElement).value?.trim() ?? "";
        const isOfList = choices.some((choice) => choice.text === typed || choice.id === typed);
        if (allowsCustom && typed !== value && !isOfList) onChange(typed);
      }}
      allowsCustomValue={allowsCustom}
      isDisabled={isDisabled}
      menuTrigger="focus"
    >
      <Label className={hideLabel ? "visually-hidden" : (css.label ?? "")}>{label}</Label>
      <Group className={css.control ?? ""}>
        <Input
          {...(placeholder ? { placeholder } : {})}
          className={`${css.input} ${mono ? css.mono : ""}`}
        />
        <Button className={own.clear ?? ""} aria-label="Show all">
          <ChevronDown aria-hidden />
        </Button>
      </Group>
      <Popover className={layer.layer ?? ""} offset={4}>
        <ListBox
          className={layer.list ?? ""}
          renderEmptyState={() => <p className={layer.nothing}>Nothing matches.</p>}
        >
          {(choice: Choice) => (
            <ListBoxItem id={choice.id} textValue={choice.text} className={layer.item ?? ""}>
              <span className={layer.words}>{choice.text}</span>
              {choice.aside && <span className={layer.aside}>{choice.aside}</span>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaComboBox>
  );
}
