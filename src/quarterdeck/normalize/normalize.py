"""
NORMALIZE: a span as its sender spelled it -> the same span in our words.

`normalize_span` never raises.  It reads all dialects at once, chooses each field by rank and
never mixes the counts of two conventions; what it can't read becomes a problem on the span.
It makes facts only: content stays in the raw span, and `read_content` reads it on demand.
"""

import string
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from quarterdeck.model.spans import Content, Problem, RawEvent, RawSpan, Resource, Span, Value
from quarterdeck.model.usage import Charge
from quarterdeck.normalize import content, tools
from quarterdeck.normalize.attributes import (
    ODD_ENDS,
    Unreadable,
    as_json,
    count,
    decode_json,
    is_hidden,
    mask_ids,
    unique,
)
from quarterdeck.normalize.dialect import (
    DRAFT_FIELDS,
    ContentField,
    Draft,
    NormalizeSettings,
)
from quarterdeck.normalize.dialects import DIALECTS
from quarterdeck.normalize.kinds import choose_kind
from quarterdeck.normalize.models import strip_wrappers
from quarterdeck.normalize.plan import (
    TOTALS,
    FieldPlan,
    Plan,
    Planned,
    Planner,
    UsagePlan,
    base_size,
)
from quarterdeck.normalize.providers import provider_of_host, provider_of_model, read_provider
from quarterdeck.normalize.status import judge
from quarterdeck.normalize.token_semantics import known_semantics, settle

DEFAULTS = NormalizeSettings()
_PLANNER = Planner(DIALECTS)

_Chosen = dict[str, str]
"""Field -> the key that gave it."""


def normalize_span(raw: RawSpan, *, settings: NormalizeSettings = DEFAULTS) -> Span:
    """The span in our words.  Never raises: a span that can't be read is a bare step."""
    try:
        return _normalize(raw, settings, None)
    except Exception as error:  # noqa: BLE001 - the rim: one hostile span must not stop a batch
        return _bare(raw, error)


def explain(raw: RawSpan, *, settings: NormalizeSettings = DEFAULTS) -> dict[str, str]:
    """Field -> the attribute key that gave it.  Never raises."""
    chosen: _Chosen = {}
    try:
        _normalize(raw, settings, chosen)
    except Exception as error:  # noqa: BLE001 - the same rim
        chosen["error"] = type(error).__name__
    return chosen


def read_content(raw: RawSpan) -> Content:
    """Messages, arguments, results.  Never raises: unreadable content is an empty `Content`."""
    try:
        return _content(raw)
    except Exception:  # noqa: BLE001 - the same rim: the raw attributes are still there to see
        return Content()


def _content(raw: RawSpan) -> Content:
    attributes = _with_lifted(raw)
    planned = _PLANNER.plan(raw.resource.scope_name, raw.name, attributes)
    kind = _normalize(raw, DEFAULTS, None).kind
    return content.content_of(raw, attributes, planned, kind=kind)


def lift(raw: RawSpan, events: Sequence[RawEvent]) -> RawSpan:
    """
    The raw span plus events that arrived as log records, each once.

    Sorted by time, name and attributes: the order of arrival doesn't show.
    """
    if not events:
        return raw
    merged = {_event_key(event): event for event in (*raw.events, *events)}
    ordered = tuple(merged[key] for key in sorted(merged))
    return raw if ordered == raw.events else msgspec.structs.replace(raw, events=ordered)


def _event_key(event: RawEvent) -> tuple[int, str, bytes]:
    return event.time_ns, event.name, as_json(event.attributes)


def _bare(raw: RawSpan, error: Exception) -> Span:
    return Span(
        trace_id=raw.trace_id,
        span_id=raw.span_id,
        parent_span_id=raw.parent_span_id,
        name=raw.name,
        span_name=raw.name,
        start_ns=raw.start_ns,
        end_ns=raw.end_ns or None,
        status="error" if raw.status_code == 2 else "unset",
        scope=raw.resource.scope_name,
        problems=(Problem("span", f"could not be read: {type(error).__name__}"),),
    )


def _normalize(raw: RawSpan, settings: NormalizeSettings, chosen: _Chosen | None) -> Span:
    attributes = _with_lifted(raw) if raw.events else raw.attributes
    planned = _PLANNER.plan(raw.resource.scope_name, raw.name, attributes)
    plan = planned.plan
    draft = Draft(raw, attributes, settings)
    _read_fields(draft, plan.fields, planned.groups, chosen)
    _settle_names(draft, plan)
    kind, key = choose_kind(draft, plan)
    draft.found["kind"] = kind.kind
    if kind.subkind:
        draft.found["subkind"] = kind.subkind
    _name_by_kind(draft)
    if chosen is not None and key:
        chosen["kind"] = key
    for event in raw.events if plan.on_event else ():
        for name in (event.name, "*"):
            for react in plan.on_event.get(name, ()):
                react(draft, event)
    if plan.usages:
        _read_usage(draft, plan.usages, chosen)
    for adjust in plan.adjusts:
        adjust(draft)
    _by_kind(draft, planned)
    return _span(draft, plan)


def _with_lifted(raw: RawSpan) -> dict[str, Value]:
    """Attributes, completed by events that carry a span's attributes."""
    merged: dict[str, Value] | None = None
    for event in raw.events:
        if event.name in _PLANNER.lifts:
            if merged is None:
                merged = dict(raw.attributes)
            for key, value in event.attributes.items():
                if is_hidden(merged.get(key)):
                    merged[key] = value
    return raw.attributes if merged is None else merged


def _read_fields(
    draft: Draft,
    fields: Sequence[FieldPlan],
    groups: dict[str, tuple[str, ...]],
    chosen: _Chosen | None,
) -> None:
    attributes, found = draft.attributes, draft.found
    for name, union, candidates, text_key in fields:
        if text_key:
            value = attributes[text_key]
            if type(value) is str and len(value) <= _MAX_WORD:
                word = _words.get(value) or _remembered(value)
                if word:
                    found[name] = word
                    if chosen is not None:
                        chosen.setdefault(name, text_key)
                    continue
        gathered: list[Any] = []
        for key, parse, group in candidates:
            try:
                if group:
                    size = base_size(key)
                    value = parse({k[size:]: attributes[k] for k in groups.get(key, ())})
                else:
                    value = parse(attributes[key])
            except Unreadable as unreadable:
                draft.problem(key, str(unreadable))
                continue
            if value is None:
                continue
            if chosen is not None:
                chosen.setdefault(name, key)
            if not union:
                found[name] = value
                break
            gathered.extend(value)
        if gathered:
            found[name] = unique(gathered) if len(gathered) > 1 else tuple(gathered)


_MAX_WORD = 256
_MAX_WORDS = 16_384
_words: dict[str, str] = {}
"""Texts that `text` would return as they are: most fields of most spans, without a call.  And
the spans of a session share one copy of its id, agent, user and model: 0.4 kB less for each."""


def _remembered(value: str) -> str:
    """The text, if it needs no reading; else ""."""
    if not value or value[0] in ODD_ENDS or value[-1] in ODD_ENDS:
        return ""
    if len(_words) >= _MAX_WORDS:
        _words.clear()
    _words[value] = value
    return value


def _settle_names(draft: Draft, plan: Plan) -> None:
    """Provider and models in our spelling; frameworks that pose as providers told apart."""
    found = draft.found
    if plan.framework:
        found.setdefault("framework", plan.framework)
    requested, served = found.get("model_requested"), found.get("model_served")
    if requested:
        found["model_requested"] = strip_wrappers(requested)
    if served:
        found["model_served"] = strip_wrappers(served)
    spelled = found.get("provider")
    if spelled:
        provider, framework = read_provider(spelled)
        if framework:
            found.setdefault("framework", framework)
    else:
        provider = ""
    if not provider and (served or requested or "server_address" in found):
        provider = provider_of_host(found.get("server_address", ""))
        provider = provider or provider_of_model(served or requested or "")
    if provider:
        found["provider"] = provider
    else:
        found.pop("provider", None)


def _read_usage(draft: Draft, usages: Sequence[UsagePlan], chosen: _Chosen | None) -> None:
    """
    One family's counts, never a mixture.

    A lower-ranked family that says the same input and output and tells more details takes the
    place of a bare one: Vercel's `gen_ai.usage.*` has no cached tokens, its `ai.usage.*` has.
    """
    best: tuple[UsagePlan, dict[str, int]] | None = None
    for plan in usages:
        if best is not None and not plan.detailed:
            continue
        counts = _counts_of(draft, plan)
        if "input_tokens" not in counts and "output_tokens" not in counts:
            continue
        if best is None or _says_more(counts, best[1]):
            best = plan, counts
        if any(name not in TOTALS for name in best[1]):
            break
    if best is None:
        return
    (family, *_), counts = best
    resource, provider = draft.raw.resource, draft.found.get("provider", "")
    cache, reasoning = family.cache, family.reasoning
    if not cache or not reasoning:
        known = known_semantics(resource.scope_name, resource.scope_version, provider)
        cache, reasoning = cache or known[0], reasoning or known[1]
    usage, told = settle(counts, cache=cache, reasoning=reasoning, provider=provider)
    draft.found["usage"] = usage
    draft.found["token_semantics"] = told
    if family.aggregate:
        draft.found["usage_is_aggregate"] = True
    if chosen is not None:
        chosen["usage"] = family.name


def _says_more(counts: dict[str, int], than: dict[str, int]) -> bool:
    return len(counts) > len(than) and all(
        counts.get(name) == than.get(name) for name in ("input_tokens", "output_tokens")
    )


def _counts_of(draft: Draft, plan: UsagePlan) -> dict[str, int]:
    family, attributes = plan.family, draft.attributes
    if family.read is not None:
        try:
            return _counted(draft, family.key, family.read(attributes[family.key]))
        except Unreadable as unreadable:
            draft.problem(family.key, str(unreadable))
            return {}
    counts: dict[str, int] = {}
    for name, spelled in plan.keys:
        for key in spelled:
            value = attributes[key]
            if type(value) is not int or not 0 <= value <= 1_000_000_000:
                value = _count(draft, key, value)
                if value is None:
                    continue
            counts[name] = value
            break
    return counts


def _counted(draft: Draft, key: str, read: Any) -> dict[str, int]:
    found = {}
    for name, value in (read or {}).items():
        counted = _count(draft, key, value)
        if counted is not None:
            found[name] = counted
    return found


def _count(draft: Draft, key: str, value: Value) -> int | None:
    try:
        return count(value)
    except Unreadable as unreadable:
        draft.problem(key, str(unreadable))
        return None


def _name_by_kind(draft: Draft) -> None:
    """The agent of an agent span, the tool of a tool span, from names that serve for any kind."""
    found, name = draft.found, draft.raw.name
    if found["kind"] == "agent" and not found.get("agent"):
        named = found.get("entity_name") or _name_in(name, "invoke_agent ", ".agent")
        if named:
            found["agent"] = named
    elif found["kind"] == "tool" and not found.get("tool"):
        named = found.get("entity_name") or _name_in(name, "execute_tool ", ".tool")
        if named:
            found["tool"] = named


def _name_by_itself(draft: Draft) -> None:
    """
    An agent or tool span that names nobody is named by itself, once dialects had their say:
    the nearest agent above it is somebody else.
    """
    found = draft.found
    _name_by_kind(draft)
    if found["kind"] == "agent":
        found["agent"] = found.get("agent") or draft.raw.name.strip()
    elif found["kind"] == "tool":
        found["tool"] = found.get("tool") or draft.raw.name.strip()


def _name_in(name: str, prefix: str, suffix: str) -> str:
    """`X` of `invoke_agent X` or `X.agent`, else ""."""
    if name.startswith(prefix):
        return name[len(prefix) :].strip()
    return name.removesuffix(suffix).strip() if name.endswith(suffix) else ""


def _by_kind(draft: Draft, planned: Planned) -> None:
    """What depends on the kind, once dialects had their say; and the status."""
    found = draft.found
    _name_by_itself(draft)
    kind = found["kind"]
    if kind == "model":
        content.model_facts(draft, planned)
    if "finish_reasons" in found:
        found["finish_reasons"] = content.finish_words(found["finish_reasons"])
    judge(draft)
    if kind in ("tool", "human"):
        _tool_facts(draft, planned)
    elif kind in ("guardrail", "step") and tools.may_decide(draft.raw.name):
        _decision(draft, planned)
    if draft.raw.links and not draft.raw.parent_span_id:
        _continuation(draft)


def _continuation(draft: Draft) -> None:
    """
    A root that links to one other trace goes on with its work.

    One that links to several collects what they did (a batch, a report): they stay apart.
    """
    linked = {link.trace_id for link in draft.raw.links} - {draft.raw.trace_id}
    if len(linked) == 1 and draft.found["kind"] != "evaluation":
        draft.found["linked_traces"] = unique((*draft.found.get("linked_traces", ()), *linked))


_OUTPUTS: tuple[ContentField, ...] = ("output", "output_messages")


def _decision(draft: Draft, planned: Planned) -> None:
    """A guardrail, event or plain span that shows what a person decided."""
    found = draft.found
    if "human" in found:
        return
    for name in _OUTPUTS:
        act = tools.decision_of(draft.raw.name, content.first_value(name, draft, planned))
        if act is not None:
            found["human"] = act
            found["kind"] = "human"
            return


def _tool_facts(draft: Draft, planned: Planned) -> None:
    found = draft.found
    arguments = decode_json(content.first_value("arguments", draft, planned))
    tool = found.get("tool", "")
    if arguments is not None and "arguments_hash" not in found:
        hashed = tools.arguments_hash(arguments)
        if hashed:
            found["arguments_hash"] = hashed
        found.setdefault("target", tools.target_of(arguments) or hashed)
    if tools.is_plain(tool, draft.settings.human_tools):
        return
    if "handoff" not in found:
        hint = tools.handoff_of(tool, arguments, found.get("agent", ""))
        if hint is not None:
            found["handoff"] = hint
            found.setdefault("subkind", "handoff")
    if "human" not in found:
        ask = tools.ask_of(tool, draft.settings.human_tools)
        if ask is not None:
            result = content.first_value("result", draft, planned)
            found["human"] = tools.human_of(draft, ask, arguments, result)
            found["kind"] = "human"


_MAX_ROLE = 60
"""An agent's description stands in for its role if it is as short as one."""

_PLACEHOLDER_AGENTS = frozenset(
    {"", "unknown", "langgraph", "none", "null", "agent", "agent run", "invoke_agent",
     "create_agent", "agentexecutor"}
)  # fmt: skip


def _span(draft: Draft, plan: Plan) -> Span:
    raw, found, settings = draft.raw, draft.found, draft.settings
    resource = raw.resource
    # What the span itself says comes last and wins.
    found = {
        "start_ns": raw.start_ns,
        # The end of a partial span is when it was sent: it has not ended.
        "end_ns": None if found.get("partial") else raw.end_ns or None,
        "seen_ns": (raw.end_ns or None) if found.get("partial") else None,
        "parent_span_id": raw.parent_span_id,
        "span_id": raw.span_id,
        **_resource_facts(resource),
        **found,
    }
    if found.get("agent", "x").lower() in _PLACEHOLDER_AGENTS:
        del found["agent"]
    if 0 < len(found.get("role_hint", "")) < _MAX_ROLE:
        found.setdefault("agent_role", found["role_hint"])
    if "reported_usd" in found and "charge" not in found:
        found["charge"] = Charge(reported_usd=found["reported_usd"])
    if "first_token_at_ns" in found:
        waited = found["first_token_at_ns"] - raw.start_ns
        if waited >= 0:
            found.setdefault("time_to_first_token_ns", waited)
    if settings.session_key:
        key = _project_key(settings.session_key, draft)
        if key:
            found["session_key"] = key
    if settings.user_hash_salt and found.get("user"):
        found["user"] = _hashed(found["user"], settings.user_hash_salt)
    name = _display_name(found, raw.name)
    for field in DRAFT_FIELDS:
        found.pop(field, None)
    dropped = raw.dropped_attributes + raw.dropped_events + raw.dropped_links
    return Span(
        trace_id=raw.trace_id,
        name=name,
        span_name=raw.name,
        scope=resource.scope_name,
        dialects=plan.dialects,
        dropped=dropped,
        problems=tuple(draft.problems),
        **found,
    )


def _display_name(found: dict[str, Any], span_name: str) -> str:
    kind = found["kind"]
    name = found.get("display_name")
    if not name and kind in ("tool", "human"):
        name = found.get("tool")
    elif not name and kind == "agent":
        name = found.get("agent")
    return mask_ids((name or span_name)[:300])


def _hashed(user: str, salt: str) -> str:
    key = salt.encode("utf-8", "surrogatepass")[:64]
    return blake2b(user.encode("utf-8", "surrogatepass"), digest_size=12, key=key).hexdigest()


def _project_key(template: str, draft: Draft) -> str:
    """The project's own session id: an attribute, or a template over several; "" if absent."""

    def value(name: str) -> str:
        found = draft.attributes.get(name)
        if found is None:
            found = draft.raw.resource.attributes.get(name)
        return "" if found is None or isinstance(found, dict | list) else str(found).strip()

    if "{" not in template:
        return value(template)[:256]
    pieces = []
    for literal, name in _template(template):
        pieces.append(literal)
        if name is not None:
            found = value(name)
            if not found:
                return ""
            pieces.append(found)
    return "".join(pieces)[:256]


@lru_cache(maxsize=256)
def _template(template: str) -> tuple[tuple[str, str | None], ...]:
    """Literal text and the attribute after it; a template that can't be read names nothing."""
    try:
        parsed = string.Formatter().parse(template)
        return tuple((literal, name) for literal, name, _, _ in parsed)
    except ValueError:
        return (("", ""),)


# -- resources --------------------------------------------------------------------------------

_RESOURCE_SOURCES = tuple(
    sorted(
        (source for dialect in DIALECTS for source in dialect.resource_sources),
        key=lambda source: source.rank,
    )
)
_MAX_RESOURCES = 256
_resources: dict[int, tuple[Resource, dict[str, Any]]] = {}
"""Facts of resources by identity: a batch shares one object, and reading it once is enough.
Each entry holds its resource, so that an id is not reused while the entry is there."""


def _resource_facts(resource: Resource) -> dict[str, Any]:
    known = _resources.get(id(resource))
    if known is not None and known[0] is resource:
        return known[1]
    facts: dict[str, Any] = {}
    for source in _RESOURCE_SOURCES:
        if source.field in facts or source.key not in resource.attributes:
            continue
        try:
            value = source.parse(resource.attributes[source.key])
        except Unreadable:
            continue  # not this span's fault: the same resource comes with thousands of spans
        if value is not None:
            facts[source.field] = value
    if len(_resources) >= _MAX_RESOURCES:
        _resources.clear()
    _resources[id(resource)] = (resource, facts)
    return facts
