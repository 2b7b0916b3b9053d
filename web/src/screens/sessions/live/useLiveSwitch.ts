/** Whether lists follow what changes; kept in this browser, on unless it was switched off. */
import { useState } from "react";

const PLACE = "quarterdeck.live";

export function useLiveSwitch(): [boolean, (on: boolean) => void] {
  const [isOn, setOn] = useState(() => localStorage.getItem(PLACE) !== "off");
  return [
    isOn,
    (on) => {
      if (on) localStorage.removeItem(PLACE);
      else localStorage.setItem(PLACE, "off");
      setOn(on);
    },
  ];
}
