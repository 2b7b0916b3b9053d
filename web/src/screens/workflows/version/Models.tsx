/** Named choices of models: targets in order, and what happens after a failure. */
import type { Route, Target, VersionShown } from "@/api/workflows";
import { formatDuration } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { Section } from "@/parts/Section";
import own from "./Version.module.css";

export function Models({ of }: { of: VersionShown }) {
  const routes = Object.entries(of.manifest.models ?? {});
  if (routes.length === 0) return null;
  return (
    <Section id="models" title="Models and fallbacks">
      <div className={own.agents}>
        {routes.map(([name, route]) => (
          <section key={name} className={own.agent} aria-label={`Route ${name}`}>
            <h3>
              <HostileText text={name} inline max={120} />
            </h3>
            <ol className={own.targets}>
              {route.targets.map((target, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: their order is their name.
                <li key={index}>
                  <span className={own.muted}>{index + 1}</span>
                  <TargetLine target={target} />
                </li>
              ))}
            </ol>
            <Fallbacks route={route} />
          </section>
        ))}
      </div>
    </Section>
  );
}

function TargetLine({ target }: { target: Target }) {
  const parameters = Object.entries(target.parameters ?? {});
  return (
    <span className={own.facts}>
      <b>
        <HostileText text={target.model} inline max={200} />
      </b>
      {target.provider && <HostileText text={target.provider} inline max={80} />}
      {target.when && (
        <span>
          when <HostileText text={target.when} inline mono max={400} />
        </span>
      )}
      {parameters.map(([name, value]) => (
        <HostileText key={name} text={`${name} ${JSON.stringify(value)}`} inline max={120} />
      ))}
      {target.timeout_s !== undefined && <span>{formatDuration({ s: target.timeout_s })}</span>}
      {target.retries !== undefined && <span>{target.retries} more tries</span>}
      {target.adapter && (
        <span>
          serves <HostileText text={target.adapter} inline max={120} />
        </span>
      )}
    </span>
  );
}

const ACTIONS: Record<string, string> = {
  retry: "tries again",
  next: "goes to the next target",
  fail: "fails",
  ask: "asks a person",
};

function Fallbacks({ route }: { route: Route }) {
  if (!route.fallbacks || route.fallbacks.length === 0) return null;
  return (
    <ul className={own.list}>
      {route.fallbacks.map((one) => (
        <li key={one.on.join(" ")}>
          After <b>{one.on.map((kind) => kind.replaceAll("_", " ")).join(", ")}</b> it{" "}
          {one.route ? (
            <>
              goes to route <HostileText text={one.route} inline max={100} />
            </>
          ) : (
            (ACTIONS[one.action ?? "next"] ?? one.action)
          )}
          .
        </li>
      ))}
    </ul>
  );
}
