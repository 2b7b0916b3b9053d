"""
What is installed, and what of it is switched on: read from metadata and `sys.modules`.

No library and no instrumentor is imported here, but the one that is about to be switched on.
"""

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from quarterdeck.sdk.instrumentors.targets import By, OwnWay, Target, Way

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

_GROUPS = ("opentelemetry_instrumentor", "openinference_instrumentor")


@lru_cache(maxsize=256)
def distribution_of(package: str) -> "Distribution | None":
    from importlib.metadata import PackageNotFoundError, distribution  # 10 ms, not for `init`

    try:
        return distribution(package)
    except PackageNotFoundError:
        return None


def is_installed(target: Target) -> bool:
    return any(distribution_of(package) is not None for package in target.packages)


def entry_point_of(way: Way) -> "EntryPoint | None":
    """Names the instrumentor's class.  Both groups of OpenInference's packages name one."""
    found = distribution_of(way.package)
    if found is None:
        return None
    points = found.entry_points
    return next((p for group in _GROUPS for p in points if p.group == group), None)


def entry_point_called(name: str) -> "EntryPoint | None":
    from importlib.metadata import entry_points

    for group in reversed(_GROUPS):  # OpenInference's first
        for point in entry_points(group=group):
            if point.name == name:
                return point
    return None


def way_of(point: "EntryPoint", package: str) -> Way:
    by: By = "openinference" if point.module.startswith("openinference.") else "opentelemetry"
    return Way(by=by, package=package)


def instrumentor_of(way: Way) -> Any:
    """The instrumentor, imported; None where it is not installed."""
    point = entry_point_of(way)
    return None if point is None else point.load()()


def is_on(way: Way | OwnWay, target: Target) -> bool:
    """Whether it was switched on, by whomever.  Imports nothing: what is on was imported."""
    try:
        if isinstance(way, OwnWay):
            module = sys.modules.get(target.module)
            return module is not None and way.is_on is not None and way.is_on(module)
        point = entry_point_of(way)
        module = None if point is None else sys.modules.get(point.module)
        if point is None or module is None:
            return False
        # OpenTelemetry's base class keeps the one instance of each instrumentor here.
        instance = vars(getattr(module, point.attr)).get("_instance")
        return bool(getattr(instance, "is_instrumented_by_opentelemetry", False))
    except (AttributeError, TypeError):
        return False


def version_of(way: Way | OwnWay) -> str:
    found = distribution_of(way.package) if isinstance(way, Way) else None
    return "" if found is None else f"{found.name} {found.version}"


def content_options(way: Way, capture: bool) -> dict[str, Any]:
    """How each family is told to keep messages out, or to put them in."""
    if way.by == "openinference":
        if capture:
            return {}
        from importlib import import_module

        config = import_module("openinference.instrumentation").TraceConfig
        return {"config": config(hide_inputs=True, hide_outputs=True)}
    if way.by == "openllmetry" and not capture:
        os.environ["TRACELOOP_TRACE_CONTENT"] = "false"
    if way.by == "opentelemetry" and capture:
        os.environ.setdefault("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    return {}
