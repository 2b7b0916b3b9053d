/** Checkpoints as a dated line: memory as it was under a name, to look at and to go back to. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type Checkpoint, checkpointPages } from "@/api/memory";
import { counted, formatCount } from "@/format";
import { Button, LinkButton } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { Instant } from "@/parts/Instant";
import { Empty, Failed, Loading } from "@/parts/States";
import { actorWords } from "@/screens/workflows/words/moves";
import { Head } from "../pieces/Head";
import page from "../pieces/Memory.module.css";
import { useMayWrite } from "../pieces/useMayWrite";
import css from "./Checkpoints.module.css";
import { NewCheckpoint } from "./NewCheckpoint";

const FROM = "/p/$project/memory/checkpoints";

export function Checkpoints() {
  const { project } = useParams({ from: FROM });
  const mayWrite = useMayWrite(project);
  const [isMaking, setMaking] = useState(false);
  const answer = useInfiniteQuery(checkpointPages(project));
  const rows = answer.data?.pages.flatMap((one) => one.checkpoints);
  const total = answer.data?.pages[0]?.total ?? 0;
  return (
    <div className={page.page}>
      <Head
        project={project}
        current="checkpoints"
        note={total > 0 ? counted(total, "checkpoint") : undefined}
      >
        <Button size="small" isDisabled={!mayWrite} onPress={() => setMaking(true)}>
          Make a checkpoint…
        </Button>
      </Head>
      {answer.isError && !rows ? (
        <Failed
          error={answer.error}
          what="The checkpoints could not be read."
          retry={() => void answer.refetch()}
        />
      ) : !rows ? (
        <Loading rows={5} rowHeight="two-lines" what="the checkpoints" />
      ) : rows.length === 0 ? (
        <Empty title="No checkpoint yet.">
          <p>
            A checkpoint keeps memory as it is now under a name. Make one before a release: a
            version can name it, a rollback can go back to it, and anybody can look at it.
          </p>
          <CodeBlock text="quarterdeck memory checkpoint before-v14" label="command" />
        </Empty>
      ) : (
        <>
          <ol className={css.line}>
            {rows.map((one) => (
              <Row key={one.checkpoint_id} project={project} of={one} />
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
        </>
      )}
      {isMaking && <NewCheckpoint project={project} onClose={() => setMaking(false)} />}
    </div>
  );
}

function Row({ project, of }: { project: string; of: Checkpoint }) {
  const name = visibleText(of.name, 80);
  return (
    <li className={css.row}>
      <span className={css.when}>
        <Instant at={of.at} />
      </span>
      <span className={css.dot} aria-hidden />
      <div className={css.told}>
        <strong>
          <HostileText text={of.name} inline max={200} />
        </strong>
        {of.description && (
          <p>
            <HostileText text={of.description} max={600} />
          </p>
        )}
        <p className={page.muted}>
          <HostileText text={actorWords(of.by)} inline max={120} />
        </p>
      </div>
      <div className={page.acts}>
        <LinkButton
          size="small"
          look="quiet"
          to="/p/$project/memory"
          params={{ project }}
          search={{ at: of.checkpoint_id }}
          aria-label={`Memory as it was at ${name}`}
        >
          Memory then
        </LinkButton>
        <LinkButton
          size="small"
          to="/p/$project/memory/revert"
          params={{ project }}
          search={{ checkpoint: of.checkpoint_id }}
          aria-label={`Back to ${name}…`}
        >
          Back to it…
        </LinkButton>
      </div>
    </li>
  );
}
