/**
 * Finds a text in the session. Its hits stand where the outline was; `n` and `N` go through them.
 *
 * Words that were only repeated to the model in later calls are no hits of their own: they are
 * counted, and shown when asked for.
 */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { components } from "@/api/schema";
import { found } from "@/api/session";
import { useKeys } from "@/app/keys/useKeys";
import { counted, formatCount } from "@/format";
import { Button } from "@/parts/Button";
import { visibleText } from "@/parts/hostile";
import { SearchField } from "@/parts/SearchField";
import { Failed, Loading } from "@/parts/States";
import { placeOf, useSelector, useSession } from "../model";
import css from "./Find.module.css";
import { usePlace } from "./place";

type Hit = components["schemas"]["FoundStep"];

const QUIET = 250; // ms without typing

/** The field, and below it the hits, or `children` while nothing is looked for. */
export function Find({ children }: { children: ReactNode }) {
  const { find = "" } = useSearch({ strict: false });
  const navigate = useNavigate();
  const [typed, setTyped] = useState(find);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setTyped(find), [find]);
  useEffect(() => {
    if (typed === find) return;
    const timer = setTimeout(() => {
      void navigate({
        to: ".",
        search: (before: object) => ({ ...before, find: typed || undefined }),
        replace: true,
        resetScroll: false,
      } as Parameters<typeof navigate>[0]);
    }, QUIET);
    return () => clearTimeout(timer);
  }, [typed, find, navigate]);
  useKeys({
    filter: (event) => {
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    },
  });
  return (
    <div className={css.find}>
      <div className={css.field}>
        <SearchField
          label="Find in this session"
          placeholder="Find in this session"
          inputRef={field}
          value={typed}
          onChange={setTyped}
        />
      </div>
      <div className={css.below}>{find.length > 1 ? <Hits text={find} /> : children}</div>
    </div>
  );
}

function Hits({ text }: { text: string }) {
  const { project, session } = usePlace();
  const store = useSession();
  const answer = useInfiniteQuery(found(project, session, text));
  const [repeats, setRepeats] = useState(false);
  const all = useMemo(() => answer.data?.pages.flatMap((page) => page.steps) ?? [], [answer.data]);
  const own = useMemo(() => all.filter((hit) => repeats || !hit.repeated), [all, repeats]);
  const steps = useMemo(() => Int32Array.from(own, (hit) => hit.number), [own]);
  const go = (to: number | undefined) => {
    if (to !== undefined) store.select(to);
  };
  useKeys({
    nextHit: () => go(steps[placeOf(steps, store.state.step + 1)]),
    previousHit: () => go(steps[placeOf(steps, store.state.step) - 1]),
  });
  const last = answer.data?.pages.at(-1);
  if (answer.error && !answer.data) {
    return (
      <Failed what="It could not be looked for." error={answer.error} retry={answer.refetch} />
    );
  }
  if (!last) return <Loading rows={5} what="the hits" />;
  const hidden = all.length - own.length;
  return (
    <>
      <p className={css.count} role="status">
        {own.length === 0 ? "No step holds it" : counted(own.length, "step")}
        {last.partial && ` among the first ${formatCount((last.next_from ?? 1) - 1)}`}
        {hidden > 0 && (
          <button type="button" className={css.more} onClick={() => setRepeats(true)}>
            and {formatCount(hidden)} that repeat it
          </button>
        )}
      </p>
      <ol>
        {own.slice(0, 300).map((hit) => (
          <HitRow key={hit.number} hit={hit} />
        ))}
      </ol>
      {own.length > 300 && <p className={css.count}>Only the first 300 are listed.</p>}
      {answer.hasNextPage && (
        <Button
          size="small"
          look="quiet"
          isPending={answer.isFetchingNextPage}
          onPress={() => void answer.fetchNextPage()}
        >
          Look further
        </Button>
      )}
    </>
  );
}

function HitRow({ hit }: { hit: Hit }) {
  const store = useSession();
  const isHere = useSelector((state) => state.step === hit.number);
  const row = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isHere) row.current?.scrollIntoView({ block: "nearest" });
  }, [isHere]);
  const [snippet] = hit.snippets;
  return (
    <li>
      <button
        ref={row}
        type="button"
        className={css.hit}
        aria-current={isHere ? "step" : undefined}
        onClick={() => store.select(hit.number)}
      >
        <span className={css.head}>
          {formatCount(hit.number)} {visibleText(hit.name, 60)}
          {hit.hits > 1 && <span className={css.times}>×{formatCount(hit.hits)}</span>}
        </span>
        {snippet && <Snippet snippet={snippet} />}
      </button>
    </li>
  );
}

function Snippet({ snippet }: { snippet: Hit["snippets"][number] }) {
  const { hit_at: at, hit_length: length } = snippet;
  // Counted in characters, not in UTF-16 units.
  const letters = [...snippet.text];
  const part = (from: number, to?: number) => visibleText(letters.slice(from, to).join(""), 200);
  const from = Math.max(0, at - 24);
  return (
    <span className={css.snippet}>
      <span className={css.where}>{snippet.where}</span> {from > 0 && "…"}
      {part(from, at)}
      <mark>{part(at, at + length)}</mark>
      {part(at + length)}
    </span>
  );
}
