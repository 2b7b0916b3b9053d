/** The commands that do the same as the screen. Pure. */
import type { MoveForm } from "@/api/workflows";
import { formatShare } from "@/format";
import { word } from "@/screens/settings/pieces/shell";

/** `quarterdeck workflow release fraud-triage@14 --to production --share 10%` */
export function moveCommand(
  name: string,
  environment: string,
  form: Omit<MoveForm, "reason">,
  reason: string,
): string {
  const why = reason ? ["-m", word(reason)] : [];
  const share = typeof form.share !== "number" ? [] : ["--share", percent(form.share)];
  const where = word(environment);
  const run = (...words: string[]) => ["quarterdeck workflow", ...words, ...why].join(" ");
  switch (form.kind) {
    case "rollback":
      return run(
        "rollback",
        word(name),
        "--in",
        where,
        ...(form.memory && form.memory !== "keep" ? ["--memory", word(form.memory)] : []),
      );
    case "release":
    case "canary":
      return run(
        "release",
        word(`${name}@${form.version ?? ""}`),
        "--to",
        where,
        ...share,
        ...(form.kind === "canary" && form.sticky_by ? ["--by", form.sticky_by] : []),
        ...(form.auto ? ["--auto"] : []),
        ...(typeof form.rule?.limit === "number" ? ["--rule", `limit=${form.rule.limit}`] : []),
      );
    case "share":
      return run("share", word(name), ...share.slice(1), "--in", where);
    default:
      return run(form.kind, word(name), "--in", where);
  }
}

function percent(share: number): string {
  return formatShare(share, "en").replaceAll(/\s/g, "").replace(/\.0%$/, "%");
}

/** What makes the next version of one: its folder, changed, and pushed. */
export function changeCommand(of: { workflow: string; version: number }): string {
  const folder = word(of.workflow);
  return `quarterdeck workflow pull ${word(`${of.workflow}@${of.version}`)} ${folder} && quarterdeck workflow push ${folder}`;
}
