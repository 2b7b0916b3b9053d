/**
 * Each screen in both themes: WCAG 2.2 AA by axe, no running animation with reduced motion, and
 * nothing that a browser complains of.
 */
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./app";
import { drawn, knownOf, SCREENS } from "./screens";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

// The screens share a server and change nothing: they need not wait for one another.
test.describe.configure({ mode: "parallel" });

for (const theme of ["light", "dark"] as const) {
  for (const screen of SCREENS) {
    test(`${screen.name} in ${theme} passes WCAG 2.2 AA`, async ({ page, filled, complaints }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.goto(filled + screen.path(await knownOf(filled)));
      await drawn(page);
      const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
      const told = violations.flatMap((rule) =>
        rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")} — ${node.failureSummary}`),
      );
      expect(told).toEqual([]);
      const moving = await page.evaluate(() => document.getAnimations().length);
      expect(moving, "animations that run although less motion was asked for").toBe(0);
      if (screen.complains) complaints.length = 0;
      expect(complaints).toEqual([]);
      if (screen.phone) {
        await page.setViewportSize({ width: 390, height: 844 });
        await drawn(page);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide, "a phone must not scroll sideways").toBeLessThanOrEqual(390);
        const onPhone = await new AxeBuilder({ page }).withTags(RULES).analyze();
        expect(onPhone.violations.map((rule) => rule.id)).toEqual([]);
      }
    });
  }
}
