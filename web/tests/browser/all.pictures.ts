/** A picture of every screen in both themes, on a laptop and, where promised, on a phone. */
import { test } from "./app";
import { drawn, knownOf, SCREENS } from "./screens";

const SIZES = [
  { word: "", width: 1440, height: 900 },
  { word: "-phone", width: 390, height: 844 },
];

for (const theme of ["light", "dark"] as const) {
  for (const screen of SCREENS) {
    test(`${screen.name} ${theme}`, async ({ page, filled }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      const path = screen.path(await knownOf(filled));
      for (const { word, width, height } of SIZES) {
        if (word && !screen.phone) continue;
        await page.setViewportSize({ width, height });
        await page.goto(filled + path);
        await drawn(page);
        await page.screenshot({ path: `screenshots/${screen.name}${word}-${theme}.png` });
      }
    });
  }
}
