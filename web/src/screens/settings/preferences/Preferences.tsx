/** What the viewer likes: kept in this browser, works at once, is nobody else's. */
import { useState } from "react";
import { chooseDensity, type Density, storedDensity } from "@/app/density";
import { singleKeysAreOn, switchSingleKeys } from "@/app/keys/useKeys";
import { chooseTheme, storedTheme, type Theme } from "@/app/theme";
import { chooseZone, knownZones, localZone, useZone } from "@/app/time";
import { formatInstant } from "@/format";
import { Button } from "@/parts/Button";
import { ComboBox } from "@/parts/ComboBox";
import { Select } from "@/parts/Select";
import { Switch } from "@/parts/Switch";
import { Page } from "../pieces/Page";
import styles from "./preferences.module.css";

const THEMES = [
  { id: "system", text: "As the system" },
  { id: "light", text: "Light" },
  { id: "dark", text: "Dark" },
] as const;

const DENSITIES = [
  { id: "usual", text: "Usual" },
  { id: "compact", text: "Compact" },
] as const;

const ZONES = knownZones().map((zone) => ({ id: zone, text: zone.replaceAll("_", " ") }));

export function Preferences() {
  const [theme, setTheme] = useState<Theme>(storedTheme);
  const [density, setDensity] = useState<Density>(storedDensity);
  const [singleKeys, setSingleKeys] = useState(singleKeysAreOn);
  const zone = useZone();
  return (
    <Page title="My preferences" note="Kept in this browser and for you alone. They work at once.">
      <div className={styles.form}>
        <Select
          label="Theme"
          choices={THEMES}
          value={theme}
          onChange={(next) => {
            chooseTheme(next);
            setTheme(next);
          }}
        />
        <div className={styles.one}>
          <ComboBox label="Time zone" choices={ZONES} value={zone} onChange={chooseZone} />
          <p className={styles.hint}>
            Now it is {formatInstant(Date.now(), { zone })} there. The browser's own is{" "}
            {localZone().replaceAll("_", " ")}.
          </p>
          <div className={styles.acts}>
            <Button size="small" isDisabled={zone === "UTC"} onPress={() => chooseZone("UTC")}>
              UTC
            </Button>
            <Button size="small" isDisabled={zone === localZone()} onPress={() => chooseZone(null)}>
              The browser's
            </Button>
          </div>
        </div>
        <Select
          label="Rows of tables"
          choices={DENSITIES}
          value={density}
          onChange={(next) => {
            chooseDensity(next);
            setDensity(next);
          }}
        />
        <div className={styles.one}>
          <Switch
            isSelected={singleKeys}
            onChange={(on) => {
              switchSingleKeys(on);
              setSingleKeys(on);
            }}
          >
            Single-letter keys
          </Switch>
          <p className={styles.hint}>
            Such as <kbd>j</kbd> for the next row and <kbd>e</kbd> for the next error. Off, letters
            do nothing; arrows, <kbd>Enter</kbd>, <kbd>Esc</kbd> and <kbd>Ctrl K</kbd> still work.
          </p>
        </div>
      </div>
    </Page>
  );
}
