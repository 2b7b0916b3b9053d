"""
Which OpenTelemetry provider the spans go through.

One that the application has set up is joined: our processor is added to it, and its exporters
go on beside ours.  If there is none, one is made and set as the global one, so that the
instrumentations of frameworks find it.

An application's sampler decides what *its* exporters get.  Quarterdeck gets every span: a session
with one span in ten would have wrong costs and no story.  So a span that the sampler drops is
recorded without being sampled, which exporters by OpenTelemetry's rule leave alone.
"""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from quarterdeck.sdk.options import Options
from quarterdeck.sdk.rim import log
from quarterdeck.sdk.sending.outbox import Outbox

_outboxes: WeakKeyDictionary[Any, Outbox] = WeakKeyDictionary()
"""A processor can't be taken off a provider again, so `init` after `shutdown` uses the one that
is there."""


def joined(given: Any, options: Options) -> tuple[Any, Outbox, bool]:
    """The provider that spans go through, our processor on it, and whether it was made here."""
    provider, is_ours = _provider(given, options)
    outbox = _outboxes.get(provider)
    if outbox is None:
        outbox = Outbox()
        provider.add_span_processor(outbox)
        _outboxes[provider] = outbox
    outbox.root_attributes = {} if is_ours else resource_attributes(options)
    _record_all(provider)
    return provider, outbox, is_ours


def _provider(given: Any, options: Options) -> tuple[Any, bool]:
    found = given if given is not None else trace.get_tracer_provider()
    if hasattr(found, "add_span_processor"):
        return found, False
    if not isinstance(found, trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        log.warning(
            "the tracer provider %s takes no span processors: sessions are recorded, what "
            "frameworks report to it is not",
            type(found).__name__,
        )
    made = TracerProvider(
        resource=Resource.create(
            {
                **({"service.name": options.service_name} if options.service_name else {}),
                **resource_attributes(options),
            }
        ),
        sampler=ALWAYS_ON,
        # `lifecycle.py` stops us; a second handler would only add its own timeouts.
        shutdown_on_exit=False,
    )
    if isinstance(found, trace.ProxyTracerProvider):
        trace.set_tracer_provider(made)
    return made, True


def resource_attributes(options: Options) -> dict[str, str]:
    told = {
        "quarterdeck.workflow.name": options.workflow,
        "quarterdeck.workflow.version": options.workflow_version,
        "quarterdeck.environment": options.environment,
    }
    return {key: value for key, value in told.items() if value}


class RecordAll(Sampler):
    """Another sampler's decisions, but what it drops is recorded, unsampled."""

    def __init__(self, inner: Sampler) -> None:
        self.inner = inner

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        result = self.inner.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )
        if result.decision is not Decision.DROP:
            return result
        return SamplingResult(Decision.RECORD_ONLY, attributes, result.trace_state)

    def get_description(self) -> str:
        return f"RecordAll({self.inner.get_description()})"


def _record_all(provider: Any) -> None:
    """The provider's sampler, and those that its tracers have copied from it."""
    sampler = getattr(provider, "sampler", None)
    if not isinstance(sampler, Sampler) or isinstance(sampler, RecordAll) or sampler is ALWAYS_ON:
        return
    if "AlwaysOnSampler" in sampler.get_description().partition(",")[0]:
        return  # the default: always on, and as the parent does where there is one
    every = RecordAll(sampler)
    provider.sampler = every
    for tracer in list(getattr(provider, "_tracers", {}).values()):
        if getattr(tracer, "sampler", None) is sampler:
            tracer.sampler = every
