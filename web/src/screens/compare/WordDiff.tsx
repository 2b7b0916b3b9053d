/** One text against another, word by word: what was taken away is struck, what came is underlined. */
import { useQuery } from "@tanstack/react-query";
import { HostileText } from "@/parts/HostileText";
import css from "./Compare.module.css";
import { wordPieces } from "./words";

export function WordDiff({ a, b }: { a: string; b: string }) {
  const { data } = useQuery({
    queryKey: ["word-diff", a, b],
    queryFn: () => wordPieces(a, b),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!data) return <HostileText text={b} max={2_000} />;
  return (
    <p className={css.diff}>
      {data.map((piece, at) => {
        const text = <HostileText text={piece.text} max={2_000} />;
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name, and never move.
        if (piece.change === "added") return <ins key={at}>{text}</ins>;
        // biome-ignore lint/suspicious/noArrayIndexKey: as above.
        if (piece.change === "removed") return <del key={at}>{text}</del>;
        // biome-ignore lint/suspicious/noArrayIndexKey: as above.
        return <span key={at}>{text}</span>;
      })}
    </p>
  );
}
