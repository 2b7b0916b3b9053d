"""
Langfuse's observations as entries: each becomes one, and tool calls that were only said are added.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import ToolCallPart
from quarterdeck.normalize.attributes import decode_json, object_of
from quarterdeck.receive.transcripts.continuing import only_new
from quarterdeck.receive.transcripts.dialogue import UNNAMED
from quarterdeck.receive.transcripts.langfuse.content import (
    call_id_of,
    messages_in,
    requested_in,
    results_in,
)
from quarterdeck.receive.transcripts.langfuse.counts import Counts, counts_of
from quarterdeck.receive.transcripts.langfuse.observations import (
    Kind,
    Observation,
    ends_run_of,
    kind_of,
    plain_name,
    run_name,
    starts_a_run,
    wrappers_of,
)
from quarterdeck.receive.transcripts.members import present, text
from quarterdeck.receive.transcripts.token_counts import usage_disagrees
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Entry,
    Event,
    ModelCall,
    Status,
    ToolCall,
    Total,
)


class Steps:
    """Reads the observations of one trace, given in order."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self._observations = observations
        self._wrappers = wrappers_of(observations)
        self._said = {
            o.id: (messages_in(o.value.get("input"), "user"),
                   messages_in(o.value.get("output"), "assistant"))
            for o in observations
            if o.type == "GENERATION"
        }  # fmt: skip
        self._requested = self._requests()
        names = frozenset(call.name.lower() for _, call in self._requested)
        self._kinds = {o.id: kind_of(o, requested=names) for o in observations}
        self._results = self._results_of_runs()
        self.findings: list[Finding] = []

    def read(self) -> list[Entry]:
        entries = [self._entry(o, self._kinds[o.id]) for o in self._observations]
        self._tell_wrapped()
        self._tell_uncounted()
        self._tell_totals(entries)
        return only_new(self._with_said_calls(entries))

    def _entry(self, o: Observation, kind: Kind) -> Entry:
        match kind:
            case "model" if o.id not in self._wrappers:
                return self._model_call(o)
            case "agent":
                return self._agent_run(o)
            case "tool":
                return self._tool_call(o)
            case _:
                return self._step(o)

    def _model_call(self, o: Observation) -> ModelCall:
        seen, answered = self._said.get(o.id, ((), ()))
        counts = counts_of(o.value)
        self.findings += usage_disagrees(o.name or o.id, counts.usage, counts.total)
        status, error = _status(o)
        return ModelCall(
            id=o.id,
            parent=o.parent,
            start_ns=o.start_ns,
            end_ns=o.end_ns,
            status=status,
            error=error,
            model=_model(o),
            provider=_provider(o),
            role="embedding" if o.type == "EMBEDDING" else "",
            input=seen,
            # Langfuse keeps each request as it was sent, with all that was said before.
            continues=False,
            output=answered,
            usage=counts.usage,
            recorded_cost_usd=counts.cost_usd,
            finish_reason=next((m.finish_reason for m in answered if m.finish_reason), ""),
            metadata=_metadata(o, counts),
        )

    def _agent_run(self, o: Observation) -> AgentRun:
        counts = counts_of(o.value)
        status, error = _status(o)
        told = counts.usage is not None or counts.cost_usd is not None
        return AgentRun(
            id=o.id,
            parent=o.parent,
            start_ns=o.start_ns,
            end_ns=o.end_ns,
            status=status,
            error=error,
            name=plain_name(o),
            input=o.value.get("input"),
            output=o.value.get("output"),
            total=_total(o, counts) if told else None,
            metadata=_metadata(o, counts),
        )

    def _tool_call(self, o: Observation) -> ToolCall:
        status, error = _status(o)
        result = _result(o)
        arguments = decode_json(o.value.get("input"))
        if arguments is None:
            arguments = decode_json(o.attributes.get("tool.parameters"))
        if result is None and starts_a_run(o):
            result = self._results.get(run_name(o))
        return ToolCall(
            id=o.id,
            parent=o.parent,
            start_ns=o.start_ns,
            end_ns=o.end_ns,
            status=status,
            error=error,
            tool=plain_name(o) or UNNAMED,
            call_id=call_id_of(o),
            arguments=arguments,
            result=decode_json(result),
            metadata=_metadata(o),
        )

    def _step(self, o: Observation) -> Event:
        counts = counts_of(o.value)
        status, error = _status(o)
        counted = present({"usage": o.value.get("usageDetails")}) if o.id in self._wrappers else {}
        return Event(
            id=o.id,
            parent=o.parent,
            start_ns=o.start_ns,
            end_ns=o.end_ns,
            status=status,
            error=error,
            name=o.name or o.type.lower() or "observation",
            input=o.value.get("input"),
            output=o.value.get("output"),
            metadata=_metadata(o, counts) | counted,
        )

    # -- tool calls that stand in messages only ------------------------------------------------

    def _requests(self) -> list[tuple[Observation, ToolCallPart]]:
        """What models asked for, once each: a wrapper repeats what the call in it said."""
        found: list[tuple[Observation, ToolCallPart]] = []
        seen: set[str] = set()
        for o in self._observations:
            if o.id in self._wrappers:
                continue
            for part in requested_in(self._said.get(o.id, ((), ()))[1]):
                if part.id and part.id in seen:
                    continue
                seen.add(part.id)
                found.append((o, part))
        return found

    def _results_of_runs(self) -> dict[str, Any]:
        """What a run's later events gave back, by the run's name."""
        return {
            run: o.value["output"]
            for o in self._observations
            if (run := ends_run_of(o)) and o.value.get("output") is not None
        }

    def _with_said_calls(self, entries: list[Entry]) -> list[Entry]:
        ran = [entry for entry in entries if isinstance(entry, ToolCall)]
        ids = {entry.call_id for entry in ran if entry.call_id}
        asked = {part.id for _, part in self._requested if part.id}
        # Those that no request names by its id are told by their names alone.
        by_name = Counter(entry.tool for entry in ran if entry.call_id not in asked)
        shown = self._shown_results()
        added: dict[str, list[Entry]] = {}
        for number, (o, part) in enumerate(self._requested, start=1):
            if part.id and part.id in ids:
                continue
            if by_name[part.name] > 0:
                by_name[part.name] -= 1
                continue
            added.setdefault(o.id, []).append(
                ToolCall(
                    id=f"{o.id}/{number}",
                    parent=o.parent,
                    start_ns=o.end_ns,
                    tool=part.name or UNNAMED,
                    call_id=part.id,
                    arguments=part.arguments,
                    result=shown.get(part.id),
                    metadata={"said_only": True},
                )
            )
        return [both for entry in entries for both in (entry, *added.get(entry.id, ()))]

    def _shown_results(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for seen, _ in self._said.values():
            found |= results_in(seen)
        return found

    # -- what would mislead --------------------------------------------------------------------

    def _tell_wrapped(self) -> None:
        if self._wrappers:
            wrapped = [o for o in self._observations if o.id in self._wrappers]
            names = ", ".join(sorted({o.name for o in wrapped}))
            self.findings.append(
                Finding(
                    code="nested_call",
                    message=f"generations around another generation: {len(wrapped)} ({names}); the "
                    "inner one is the call, the tokens and the cost of the outer one don't count",
                )
            )

    def _tell_uncounted(self) -> None:
        calls = [
            o
            for o in self._observations
            if self._kinds[o.id] == "model"
            and o.id not in self._wrappers
            and _status(o)[0] != "error"
        ]
        missing = [
            o for o in calls
            if (usage := counts_of(o.value).usage) is None or usage.output_tokens is None
        ]  # fmt: skip
        if missing:
            self.findings.append(
                Finding(
                    code="usage_incomplete",
                    message=f"{len(missing)} of {len(calls)} model calls tell no output tokens: "
                    "tokens and cost of the session are too low",
                )
            )

    def _tell_totals(self, entries: Sequence[Entry]) -> None:
        """Where an agent's own total is not what the calls in it make."""
        sums = _sums_below(entries)
        for entry in entries:
            usage = entry.total.usage if isinstance(entry, AgentRun) and entry.total else None
            if usage is None or entry.id not in sums:
                continue
            told = (usage.input_tokens or 0, usage.output_tokens or 0)
            if told != sums[entry.id]:
                self.findings.append(
                    Finding(
                        code="usage_disagrees",
                        message=f"an agent's total is {told[0]} tokens in and {told[1]} out, the "
                        f"calls in it make {sums[entry.id][0]} and {sums[entry.id][1]}: the calls "
                        "count",
                    )
                )


def _sums_below(entries: Sequence[Entry]) -> dict[str, tuple[int, int]]:
    """Input and output tokens of all calls in each entry, however deep."""
    above = {entry.id: entry.parent for entry in entries}
    sums: dict[str, tuple[int, int]] = {}
    for entry in entries:
        usage = entry.usage if isinstance(entry, ModelCall) else None
        step = entry.parent if usage is not None else ""
        while step and usage is not None:
            spent = sums.get(step, (0, 0))
            sums[step] = (
                spent[0] + (usage.input_tokens or 0), spent[1] + (usage.output_tokens or 0),
            )  # fmt: skip
            step = above[step]
    return sums


_RESULTS = ("gcp.vertex.agent.tool_response", "tool_response")


def _result(o: Observation) -> Any:
    """The output; where that is empty, what the framework put into an attribute of its own."""
    output = o.value.get("output")
    if output in (None, "", "{}", {}):
        return next((told for key in _RESULTS if (told := o.attributes.get(key))), output)
    return output


def _total(o: Observation, counts: Counts) -> Total:
    return Total(
        model=_model(o),
        usage=counts.usage,
        recorded_cost_usd=counts.cost_usd,
    )


def _status(o: Observation) -> tuple[Status, str]:
    """Langfuse marks what failed by its level; a warning or no mark says nothing of success."""
    if text(o.value.get("level")).upper() == "ERROR":
        return "error", text(o.value.get("statusMessage"))
    return "unset", ""


def _model(o: Observation) -> str:
    """Vertex AI names a model by its whole path."""
    return text(o.value.get("model")).rpartition("/models/")[2]


def _provider(o: Observation) -> str:
    for key in ("gen_ai.provider.name", "gen_ai.system", "ai.model.provider", "llm.provider"):
        if told := text(o.attributes.get(key)):
            return told
    return ""


def _metadata(o: Observation, counts: Counts | None = None) -> dict[str, Any]:
    """What no field fits; the framework's attributes repeat input, output and usage: left out."""
    value = o.value
    own = {key: item for key, item in object_of(value.get("metadata")).items()
           if key not in ("attributes", "resourceAttributes", "scope")}  # fmt: skip
    return present(
        {
            "observation_type": value.get("type"),
            "level": value.get("level") if value.get("level") != "DEFAULT" else None,
            "status_message": value.get("statusMessage"),
            "version": value.get("version"),
            "prompt": value.get("promptName"),
            "prompt_version": value.get("promptVersion"),
            "model_parameters": value.get("modelParameters"),
            "cost_from": None
            if counts is None or counts.cost_usd is None
            else ("sender" if counts.cost_was_sent else "langfuse"),
            "completion_start_time": value.get("completionStartTime"),
            "metadata": own,
        }
    )
