/** Plays the session step by step or in time; with reduced motion Space goes one step on. */
import { Pause, Play, Settings2 } from "lucide-react";
import { lazy, Suspense, useEffect, useEffectEvent, useState } from "react";
import { useKeys } from "@/app/keys/useKeys";
import { IconButton } from "@/parts/Button";
import { Popover } from "@/parts/Popover";
import { Select } from "@/parts/Select";
import { useModel, useSelector, useSession } from "../model";
import { SPEED_WORDS, SPEEDS, type Speed, untilNext } from "./play";

const Choices = lazy(() => import("./Choices").then((module) => ({ default: module.Choices })));

export function Player() {
  const store = useSession();
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<Speed>("step");
  const [skips, setSkips] = useState(true);

  const toggle = () => {
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
      store.go("next");
      return;
    }
    const { step, model } = store.state;
    if (step >= (model?.steps ?? 0) && !isPlaying) store.select(1);
    setPlaying((on) => !on);
  };
  useKeys({
    preview: (event) => {
      event.preventDefault();
      toggle();
    },
  });
  const icon = { size: 15, strokeWidth: 1.5, "aria-hidden": true } as const;
  return (
    <>
      {isPlaying && <Ticking speed={speed} skips={skips} onEnd={() => setPlaying(false)} />}
      <IconButton
        label={isPlaying ? "Pause (Space)" : "Play (Space)"}
        size="small"
        onPress={toggle}
      >
        {isPlaying ? <Pause {...icon} /> : <Play {...icon} />}
      </IconButton>
      <Select
        label="Speed"
        hideLabel
        size="small"
        choices={SPEEDS.map((id) => ({ id, text: SPEED_WORDS[id] }))}
        value={speed}
        onChange={setSpeed}
      />
      <Popover
        trigger={
          <IconButton label="What is shown" size="small">
            <Settings2 {...icon} />
          </IconButton>
        }
        label="What is shown"
        placement="bottom end"
      >
        <Suspense>
          <Choices skips={skips} onSkips={setSkips} />
        </Suspense>
      </Popover>
    </>
  );
}

interface TickingProps {
  speed: Speed;
  skips: boolean;
  onEnd: () => void;
}

/** Goes on; apart from the controls, which no step changes. */
function Ticking({ speed, skips, onEnd }: TickingProps) {
  const store = useSession();
  const model = useModel();
  const step = useSelector((state) => state.step);
  const end = useEffectEvent(onEnd);
  useEffect(() => {
    const wait = untilNext(model, step, speed, skips);
    if (wait === null) {
      end();
      return;
    }
    const timer = setTimeout(() => store.go("next"), wait);
    return () => clearTimeout(timer);
  }, [model, step, speed, skips, store]);
  return null;
}
