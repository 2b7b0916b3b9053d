/** `j` and `k` walk over the rows of a table by the links that name them; Enter opens one. */
import { type RefObject, useRef } from "react";
import { useKeys } from "@/app/keys/useKeys";

export function useRowKeys(): RefObject<HTMLDivElement | null> {
  const around = useRef<HTMLDivElement>(null);
  const walk = (by: 1 | -1) => (event: KeyboardEvent) => {
    const links = [...(around.current?.querySelectorAll<HTMLElement>("tbody th a") ?? [])];
    const row = document.activeElement?.closest("tr");
    const at = links.findIndex((link) => link.closest("tr") === row);
    const next = at < 0 ? links[by === 1 ? 0 : links.length - 1] : links[at + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  useKeys({ next: walk(1), previous: walk(-1) });
  return around;
}
