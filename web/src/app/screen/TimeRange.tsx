/** The span of time of a screen, as a menu; a range that the address tells in instants is kept. */
import { PRESETS, spanLabel, useZone } from "@/app/time";
import { zoneName } from "@/format";
import { type Choice, Select } from "@/parts/Select";
import styles from "./ScreenHead.module.css";

interface Props {
  since: string;
  until?: string | undefined;
  onChange: (since: string) => void;
}

const CHOSEN = "chosen";
const ALL = "all";

export function TimeRange({ since, until, onChange }: Props) {
  const zone = useZone();
  const known = PRESETS.some((preset) => preset.since === since) && !until;
  const choices: Choice[] = PRESETS.map((preset) => ({
    id: preset.since || ALL,
    text: preset.label,
  }));
  if (!known) choices.unshift({ id: CHOSEN, text: spanLabel(since, until) });
  return (
    <div className={styles.aside}>
      <Select
        label="Time"
        hideLabel
        size="small"
        choices={choices}
        value={known ? since || ALL : CHOSEN}
        onChange={(id) => id !== CHOSEN && onChange(id === ALL ? "" : id)}
      />
      <span className={styles.note}>{zoneName(zone)}</span>
    </div>
  );
}
