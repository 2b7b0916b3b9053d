/**
 * The selected step and the range in the address, without rendering anything for it.
 *
 * The address is replaced, never pushed, and only once the keys are quiet: a history of 200 steps
 * helps nobody. What is typed into it, or comes back by Back, is taken over.
 */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useSession } from "./hooks";
import { parseRange, writeRange } from "./range";

const QUIET = 300; // ms

interface Place {
  step: number | undefined;
  range: string | undefined;
}

export function useAddressBinding(): void {
  const store = useSession();
  const navigate = useNavigate();
  const { step, range } = useSearch({ strict: false }) as Place;
  const written = useRef<Place | null>(null);

  useEffect(() => {
    const last = written.current;
    if (last?.step === step && last?.range === range) return;
    written.current = { step, range };
    if (step !== undefined) store.select(step);
    store.setRange(parseRange(range));
  }, [store, step, range]);

  useEffect(() => {
    let timer = 0;
    const write = () => {
      const { step: number, chosen, range: chosenRange, model } = store.state;
      if (!model) return;
      const now: Place = {
        step: chosen ? number : undefined,
        range: chosenRange ? writeRange(chosenRange) : undefined,
      };
      if (written.current?.step === now.step && written.current?.range === now.range) return;
      written.current = now;
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => ({ ...before, ...now }),
        replace: true,
        resetScroll: false,
      } as Parameters<typeof navigate>[0]);
    };
    const stop = store.subscribe(() => {
      clearTimeout(timer);
      timer = window.setTimeout(write, QUIET);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [store, navigate]);
}
