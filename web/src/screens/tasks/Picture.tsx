/**
 * The tree as a picture: width = sessions, shade = success, hatched where few stand behind it.
 *
 * A tree to a screen reader as well: one tab stop, arrows by direction, Enter opens and closes.
 * The table of the same nodes is one key away (`t`).
 */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "@/app/keys/useKeys";
import { Icons } from "./Icons";
import type { Forest, Shown } from "./model/forest";
import { type Direction, layOut, nodeTowards } from "./model/layout";
import { shadeOf, widthOf } from "./model/looks";
import { NodeBox } from "./NodeBox";
import css from "./Picture.module.css";

interface Props {
  forest: Forest;
  shown: readonly Shown[];
  selected: string;
  /** Of what: the task type. */
  label: string;
  /** The whole of it in the width that there is. */
  fits: boolean;
  onSelect: (id: string) => void;
  onTurn: (id: string, isOpen: boolean) => void;
}

const SMALLEST = 0.5;

export function Picture({ forest, shown, selected, label, fits, onSelect, onTurn }: Props) {
  const around = useRef<HTMLDivElement>(null);
  const total = forest.nodes.get(forest.root)?.sessions ?? 0;
  const picture = useMemo(
    () =>
      layOut(shown, {
        widthOf: (id) => {
          const node = forest.nodes.get(id);
          return node ? widthOf(node) : 0;
        },
        shareOf: (id) => (forest.nodes.get(id)?.sessions ?? 0) / Math.max(1, total),
      }),
    [shown, forest, total],
  );
  const scale = useScale(around, picture.width, fits);
  const stop = picture.placed.some((one) => one.id === selected) ? selected : forest.root;

  const places = useRef(new Map(picture.placed.map((one) => [one.id, one])));
  useEffect(() => {
    places.current = new Map(picture.placed.map((one) => [one.id, one]));
  }, [picture]);
  const turn = useCallback(
    (id: string) => {
      const place = places.current.get(id);
      if (place?.canOpen) onTurn(id, !place.isOpen);
    },
    [onTurn],
  );
  const select = useCallback(
    (id: string) => {
      onSelect(id);
      document.getElementById(`way-${id}`)?.focus({ preventScroll: true });
    },
    [onSelect],
  );

  const walk = (direction: Direction) => (event: KeyboardEvent) => {
    event.preventDefault();
    if (!selected) return select(forest.root);
    const next = nodeTowards(picture.placed, stop, direction);
    if (next) select(next);
    else if (direction === "right") turn(stop);
  };
  useKeys({
    next: walk("down"),
    previous: walk("up"),
    fold: walk("left"),
    unfold: walk("right"),
    open: (event) => {
      event.preventDefault();
      if (selected) turn(stop);
    },
  });
  useEffect(() => {
    if (selected) {
      const box = document.getElementById(`way-${selected}`);
      box?.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }, [selected]);

  return (
    <div className={css.around} ref={around}>
      <div
        className={css.sheet}
        style={{ width: picture.width * scale, height: picture.height * scale }}
      >
        <div
          className={css.scaled}
          style={{ width: picture.width, height: picture.height, scale: String(scale) }}
        >
          <Icons />
          <svg
            className={css.ribbons}
            width={picture.width}
            height={picture.height}
            aria-hidden
            focusable="false"
          >
            {picture.ribbons.map((one) => {
              const node = forest.nodes.get(one.id);
              return node && <path key={one.id} d={one.path} data-shade={shadeOf(node)} />;
            })}
          </svg>
          <div role="tree" aria-label={label} aria-multiselectable={false}>
            {picture.placed.map((at) => {
              const node = forest.nodes.get(at.id);
              return (
                node && (
                  <NodeBox
                    key={at.id}
                    node={node}
                    at={at}
                    isSelected={at.id === selected}
                    isStop={at.id === stop}
                    onSelect={select}
                    onTurn={turn}
                  />
                )
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

/** How much smaller the picture has to be for its width; never so small that it can't be read. */
function useScale(around: React.RefObject<HTMLDivElement | null>, width: number, fits: boolean) {
  const [room, setRoom] = useState(0);
  useEffect(() => {
    const box = around.current;
    if (!box) return;
    const watch = new ResizeObserver(() => setRoom(box.clientWidth));
    watch.observe(box);
    return () => watch.disconnect();
  }, [around]);
  if (!fits || room === 0 || width <= room - 32) return 1;
  return Math.max(SMALLEST, (room - 32) / width);
}
