/** One pattern, and under it what is wrong with it. */
import { X } from "lucide-react";
import { IconButton } from "@/parts/Button";
import { TextField } from "@/parts/TextField";
import styles from "./redaction.module.css";

interface Props {
  number: number;
  pattern: string;
  isDisabled: boolean;
  /** Just added: the cursor goes there. */
  isNew: boolean;
  error: string | undefined;
  onChange: (pattern: string) => void;
  onRemove: () => void;
}

export function Pattern({ number, pattern, isDisabled, isNew, error, onChange, onRemove }: Props) {
  return (
    <li className={styles.pattern}>
      <TextField
        label={`Pattern ${number}`}
        hideLabel
        placeholder="EMP-[0-9]{6}"
        value={pattern}
        onChange={onChange}
        error={error}
        isDisabled={isDisabled}
        maxLength={200}
        autoFocus={isNew && pattern === ""}
        autoComplete="off"
        spellCheck="false"
        mono
      />
      <IconButton label={`Remove pattern ${number}`} isDisabled={isDisabled} onPress={onRemove}>
        <X aria-hidden />
      </IconButton>
    </li>
  );
}
