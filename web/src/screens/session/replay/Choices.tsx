/** What the replay shows unfolded, and whether playing skips waits. Kept for the next session. */
import { Switch } from "@/parts/Switch";
import { type Sort, unfoldAll, useRule } from "./folds";
import css from "./Player.module.css";

interface ChoicesProps {
  skips: boolean;
  onSkips: (skips: boolean) => void;
}

export function Choices({ skips, onSkips }: ChoicesProps) {
  return (
    <div className={css.choices}>
      <Switch isSelected={skips} onChange={onSkips}>
        Skip waits while playing
      </Switch>
      <Rule sort="thought">Thoughts unfolded</Rule>
      <Rule sort="result">Results unfolded</Rule>
      <Rule sort="message">Messages unfolded</Rule>
      <Rule sort="agent">Sub-agents open</Rule>
    </div>
  );
}

function Rule({ sort, children }: { sort: Sort; children: string }) {
  const isOn = useRule(sort);
  return (
    <Switch isSelected={isOn} onChange={(on) => unfoldAll(sort, on)}>
      {children}
    </Switch>
  );
}
