/** One entry: what is found now, and every write of it with what hid it and who read it. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type Address, history, type Write } from "@/api/memory";
import { given } from "@/app/address";
import { useKeys } from "@/app/keys/useKeys";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { counted, formatCount } from "@/format";
import { Button, LinkButton } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { Empty, Failed, Loading } from "@/parts/States";
import { Command } from "@/screens/workflows/pieces/Command";
import { written } from "../address";
import { ToMemory } from "../pieces/links";
import page from "../pieces/Memory.module.css";
import { Who } from "../pieces/Who";
import { historyCommand } from "../words/commands";
import { environmentWords, scopeWords } from "../words/places";
import { isFound } from "../words/state";
import { wholeValue } from "../words/value";
import css from "./Entry.module.css";
import { WriteRow } from "./WriteRow";

const FROM = "/p/$project/memory/entry";

export function Entry() {
  const { project } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate();
  const address: Address = {
    environment: search.environment ?? "",
    namespace: search.namespace ?? "",
    scope: search.scope ?? "",
    key: search.key ?? "",
  };
  const answer = useInfiniteQuery({
    ...history(project, address),
    enabled: address.namespace !== "" && address.key !== "",
  });
  const writes = answer.data?.pages.flatMap((one) => one.writes);
  const total = answer.data?.pages[0]?.total ?? 0;
  const here = { environment: written(address.environment), namespace: address.namespace };
  useKeys({
    leave: () => void navigate({ to: "/p/$project/memory", params: { project }, search: here }),
  });
  if (address.namespace === "" || address.key === "" || writes?.length === 0) {
    return <NeverWritten project={project} address={address} />;
  }
  return (
    <div className={page.page}>
      <ScreenHead
        title={
          <>
            <span className={page.above}>
              <ToMemory project={project} /> ▸{" "}
              <Link to="/p/$project/memory" params={{ project }} search={here}>
                <HostileText text={address.namespace} inline max={120} />
              </Link>{" "}
              ▸{" "}
            </span>
            <HostileText text={address.key} inline mono max={300} />
          </>
        }
        note={
          <>
            <HostileText text={scopeWords(address.scope)} inline max={200} />
            {" · "}
            <HostileText text={environmentWords(address.environment)} inline max={120} />
          </>
        }
      >
        <Command text={historyCommand(address)} />
      </ScreenHead>
      {answer.isError && !writes ? (
        <Failed
          error={answer.error}
          what="The entry could not be read."
          retry={() => void answer.refetch()}
        />
      ) : !writes ? (
        <Loading rows={8} what="the entry" />
      ) : (
        <>
          <Now project={project} found={writes.find(isFound)} isWhole={!answer.hasNextPage} />
          <Section
            title="History"
            note={`${counted(total, "write")}, newest first. What a revert hid stays here.`}
          >
            <ol className={css.writes}>
              {writes.map((write) => (
                <WriteRow key={write.seq} project={project} write={write} />
              ))}
            </ol>
            {answer.hasNextPage && (
              <div>
                <Button
                  isPending={answer.isFetchingNextPage}
                  onPress={() => void answer.fetchNextPage()}
                >
                  Show older of {formatCount(total)}
                </Button>
              </div>
            )}
          </Section>
        </>
      )}
    </div>
  );
}

interface NowProps {
  project: string;
  found: Write | undefined;
  /** Every write of it is known here. */
  isWhole: boolean;
}

function Now({ project, found, isWhole }: NowProps) {
  if (!found) {
    return (
      <Section title="Found now">
        <p className={page.muted}>
          {isWhole
            ? "Nothing: the key was deleted, has expired, or its writes are hidden by a revert."
            : "What is found now, if anything, was written earlier: show older writes."}
        </p>
      </Section>
    );
  }
  return (
    <Section title="Found now">
      <CodeBlock text={wholeValue(found.value)} label="value" />
      <div className={page.facts}>
        <span>
          written <Instant at={found.written_at} fineness="second" />
        </span>
        <span className={css.by}>
          by <Who project={project} of={found.provenance} />
        </span>
        <span>
          {found.expires_at === null ? (
            "stays"
          ) : (
            <>
              until <Instant at={found.expires_at} />
            </>
          )}
        </span>
      </div>
    </Section>
  );
}

function NeverWritten({ project, address }: { project: string; address: Address }) {
  return (
    <div className={page.page}>
      <ScreenHead
        title={<HostileText text={address.key || "An entry"} inline mono max={300} />}
        note={<HostileText text={address.namespace} inline max={200} />}
      />
      <Empty title="Nothing was ever written here.">
        <p>The address names an environment, a namespace, a scope and a key; one of them is off.</p>
        <p className={page.acts}>
          {address.namespace && (
            <LinkButton
              to="/p/$project/memory"
              params={{ project }}
              search={given({ namespace: address.namespace })}
            >
              Entries of this namespace
            </LinkButton>
          )}
          <LinkButton look="quiet" to="/p/$project/memory" params={{ project }}>
            All of memory
          </LinkButton>
        </p>
      </Empty>
    </div>
  );
}
