/**
 * What is typed in a section, until it is saved.
 *
 * All settings of a project are replaced at once, so what one did not touch is sent as it was
 * read, with the revision that it was read at. Where somebody changed them in between, nothing is
 * saved: what they changed is told, and what was typed stays.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Refused } from "@/api/client";
import { type ProjectShown, projectSettings, type Settings, saveSettings } from "@/api/settings";
import { say } from "@/parts/Toasts";
import { type Change, changed, changesBetween, settingsOf } from "./changes";

export interface Draft<T> {
  /** What the fields show; null until the settings were read. */
  readonly shown: T | null;
  readonly set: (next: T) => void;
  readonly isChanged: boolean;
  /** The settings that what is typed was based on. */
  readonly base: ProjectShown | null;
  /** What saving would change. */
  readonly changes: Partial<Settings>;
  readonly save: (and?: () => void) => void;
  /** Another change than what is typed, at once: to remove a row. */
  readonly apply: (changes: Partial<Settings>, and?: () => void) => void;
  readonly discard: () => void;
  readonly isSaving: boolean;
  readonly error: Error | null;
  /** What others changed since; null where nobody did. */
  readonly meanwhile: readonly Change[] | null;
  readonly readError: Error | null;
  readonly retry: () => void;
}

/** The part of a draft that saving needs, whatever is typed. */
export type Saving = Omit<Draft<never>, "shown" | "set">;

interface Form<T> {
  readonly read: (settings: Settings) => T;
  /** What it makes of the settings; what is not in it stays. */
  readonly write: (typed: T, settings: Settings) => Partial<Settings>;
  readonly done: string;
  /** Where fields that were only opened differ from what is stored. */
  readonly isTyped?: (typed: T) => boolean;
}

interface Asked {
  readonly changes: Partial<Settings>;
  readonly and: (() => void) | undefined;
}

export function useDraft<T>(project: string, { read, write, done, isTyped }: Form<T>): Draft<T> {
  const queries = useQueryClient();
  const answer = useQuery(projectSettings(project));
  const [typed, setTyped] = useState<{ value: T; base: ProjectShown } | null>(null);
  const [latest, setLatest] = useState<ProjectShown | null>(null);
  const base = typed?.base ?? answer.data ?? null;
  const settings = base && settingsOf(base);
  const original = settings && read(settings);
  const shown = typed?.value ?? original;
  const isChanged =
    typed !== null &&
    (isTyped?.(typed.value) ?? JSON.stringify(typed.value) !== JSON.stringify(original));

  const sending = useMutation({
    mutationFn: async ({ changes }: Asked) => {
      // After a conflict was told, the next try is made on what the settings are now.
      const on = latest ?? base;
      if (!on) throw new Error("nothing was read yet");
      return saveSettings({ ...settingsOf(on), ...changes }, on.revision);
    },
    onSuccess: (saved, { and }) => {
      queries.setQueryData(projectSettings(project).queryKey, saved);
      void queries.invalidateQueries({ queryKey: [project, "unpriced"] });
      void queries.invalidateQueries({ queryKey: ["projects"] });
      setTyped(null);
      setLatest(null);
      say(done);
      and?.();
    },
    onError: async (error) => {
      if (!(error instanceof Refused) || error.code !== "changed_meanwhile") return;
      const now = await queries.fetchQuery({ ...projectSettings(project), staleTime: 0 });
      setLatest(now);
    },
  });

  const changes = shown && settings && isChanged ? changed(settings, write(shown, settings)) : {};
  return {
    shown,
    set: (next) => {
      if (base) setTyped({ value: next, base });
    },
    isChanged,
    base,
    changes,
    save: (and) => sending.mutate({ changes, and }),
    apply: (other, and) => sending.mutate({ changes: other, and }),
    discard: () => {
      setTyped(null);
      setLatest(null);
      sending.reset();
    },
    isSaving: sending.isPending,
    error: sending.error,
    meanwhile: latest && base ? changesBetween(settingsOf(base), settingsOf(latest)) : null,
    readError: answer.isError && !answer.data ? answer.error : null,
    retry: () => void answer.refetch(),
  };
}
