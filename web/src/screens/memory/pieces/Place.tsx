/** Where an entry lies: its key as a link, with namespace, scope and environment under it. */
import type { Address } from "@/api/memory";
import { HostileText } from "@/parts/HostileText";
import { environmentWords, scopeWords } from "../words/places";
import { ToEntry } from "./links";
import css from "./Memory.module.css";

export function Place({ project, of }: { project: string; of: Address }) {
  return (
    <span className={css.place}>
      <ToEntry project={project} of={of} />
      <span className={css.line}>
        <Where of={of} />
      </span>
    </span>
  );
}

export function Where({ of }: { of: Omit<Address, "key"> }) {
  return (
    <>
      <HostileText text={of.namespace} inline max={120} />
      {" · "}
      <HostileText text={scopeWords(of.scope)} inline max={120} />
      {of.environment && (
        <>
          {" · "}
          <HostileText text={environmentWords(of.environment)} inline max={80} />
        </>
      )}
    </>
  );
}
