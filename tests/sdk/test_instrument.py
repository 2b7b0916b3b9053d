"""
What is switched on, when, and by whom.

Instrumentors patch the whole process, so each test has one of its own: a script, with the real
client and the real instrumentors, and no server (nothing listens at its address).
"""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from sdk.chat_server import chat_server

PREFACE = """
import json, sys
import quarterdeck as qd

NOWHERE = "http://127.0.0.1:1"

def told(library):
    found = [one for one in qd.instrumented() if one.library == library]
    return {name: getattr(found[0], name) for name in found[0].__struct_fields__} if found else None
"""


def run(script: str, tmp_path: Path, *, path: Path | None = None) -> Any:
    """What a process of its own prints: one JSON value."""
    told = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "OTEL_"))}
    told["QUARTERDECK_SPOOL_DIR"] = str(tmp_path / "spool")
    if path is not None:
        told["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [sys.executable, "-c", PREFACE + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=told,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def package(folder: Path, name: str, *, modules: dict[str, str], instrumentor: str = "") -> None:
    """Installs a distribution into `folder`, as pip would: modules, metadata, entry point."""
    for module, body in modules.items():
        file = folder / (module.replace(".", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(body))
    info = folder / f"{name.replace('-', '_')}-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2.3\n")
    if instrumentor:
        (info / "entry_points.txt").write_text(
            f"[opentelemetry_instrumentor]\nit = {instrumentor}\n"
        )


INSTRUMENTOR = """
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

class Instrumentor(BaseInstrumentor):
    def instrumentation_dependencies(self):
        return ({needs!r},)
    def _instrument(self, **kwargs):
        {body}
    def _uninstrument(self, **kwargs):
        pass
"""


def test_init_imports_no_library_and_no_instrumentor(tmp_path: Path) -> None:
    loaded = run(
        """
        qd.init(url=NOWHERE)
        print(json.dumps([name for name in sys.modules if name.startswith(
            ("openai", "openinference", "opentelemetry.instrumentation", "wrapt"))]))
        """,
        tmp_path,
    )
    assert loaded == []


def test_a_library_imported_after_init_is_instrumented_by_the_preferred_one(tmp_path: Path) -> None:
    before, after = run(
        """
        qd.init(url=NOWHERE)
        before = told("openai")
        import openai
        print(json.dumps([before, told("openai")]))
        """,
        tmp_path,
    )
    assert (before["state"], before["by"]) == ("waiting", "openinference")
    assert (after["state"], after["by"]) == ("on", "openinference")
    assert after["package"].startswith("openinference-instrumentation-openai ")
    assert after["switched_by"] == "quarterdeck"
    assert after["also"] == []


def test_a_library_imported_before_init_is_instrumented_at_once(tmp_path: Path) -> None:
    state = run(
        "import openai; qd.init(url=NOWHERE); print(json.dumps(told('openai')['state']))", tmp_path
    )
    assert state == "on"


def test_what_the_application_switched_on_is_left_alone_and_nothing_is_added(
    tmp_path: Path,
) -> None:
    found, ours = run(
        """
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
        OpenAIInstrumentor().instrument()
        qd.init(url=NOWHERE)
        import openai
        from openinference.instrumentation.openai import OpenAIInstrumentor as Preferred
        on = Preferred().is_instrumented_by_opentelemetry
        print(json.dumps([told("openai"), on]))
        """,
        tmp_path,
    )
    assert (found["state"], found["by"]) == ("left_alone", "openllmetry")
    assert found["switched_by"] == "application"
    assert not ours


def test_a_second_instrumentor_of_the_application_is_told(tmp_path: Path) -> None:
    found, sentences = run(
        """
        qd.init(url=NOWHERE)
        import openai
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
        OpenAIInstrumentor().instrument()
        from quarterdeck.sdk.instrument import double
        print(json.dumps([told("openai"), list(double(qd.instrumented()))]))
        """,
        tmp_path,
    )
    assert found["state"] == "on"
    assert found["also"][0].startswith("opentelemetry-instrumentation-openai ")
    assert len(sentences) == 1
    assert sentences[0].startswith("openai: openinference-instrumentation-openai ")


def test_only_the_selected_are_switched_on_and_unknown_names_are_told(tmp_path: Path) -> None:
    openai, nonsense = run(
        """
        qd.init(url=NOWHERE, instrument=["langgraph", "no-such-thing"])
        import openai
        print(json.dumps([told("openai"), told("no-such-thing")]))
        """,
        tmp_path,
    )
    assert openai["state"] == "left_alone"
    assert "selected" in openai["why"]
    assert nonsense["state"] == "failed"
    assert "known: langchain, " in nonsense["why"]


def test_nothing_is_switched_on_where_the_application_says_so(tmp_path: Path) -> None:
    states = run(
        """
        qd.init(url=NOWHERE, instrument=False)
        import openai
        from openinference.instrumentation.openai import OpenAIInstrumentor
        print(json.dumps(OpenAIInstrumentor().is_instrumented_by_opentelemetry))
        """,
        tmp_path,
    )
    assert states is False


def test_an_instrumentor_that_the_table_does_not_know_is_switched_on_by_its_name(
    tmp_path: Path,
) -> None:
    site = tmp_path / "site"
    package(
        site,
        "their-instrumentation",
        modules={"their_instrumentation": INSTRUMENTOR.format(needs="openai", body="pass")},
        instrumentor="their_instrumentation:Instrumentor",
    )
    found = run(
        """
        qd.init(url=NOWHERE, instrument=["it"])
        print(json.dumps(told("it")))
        """,
        tmp_path,
        path=site,
    )
    assert (found["state"], found["package"]) == ("on", "their-instrumentation 1.2.3")


def test_where_the_preferred_instrumentor_fails_the_next_one_is_switched_on(
    tmp_path: Path,
) -> None:
    site = tmp_path / "site"
    package(site, "cohere", modules={"cohere": ""})
    for name, body in (
        ("openinference-instrumentation-cohere", "raise RuntimeError('not with this version')"),
        ("opentelemetry-instrumentation-cohere", "pass"),
    ):
        module = name.replace("-", "_")
        package(
            site,
            name,
            modules={module: INSTRUMENTOR.format(needs="cohere", body=body)},
            instrumentor=f"{module}:Instrumentor",
        )
    found = run(
        """
        qd.init(url=NOWHERE)
        import cohere
        print(json.dumps(told("cohere")))
        """,
        tmp_path,
        path=site,
    )
    assert (found["state"], found["by"]) == ("on", "openllmetry")


def test_an_instrumentor_for_another_version_of_its_library_is_not_forced(tmp_path: Path) -> None:
    site = tmp_path / "site"
    package(site, "dspy", modules={"dspy": ""})
    package(
        site,
        "openinference-instrumentation-dspy",
        modules={"oi_dspy": INSTRUMENTOR.format(needs="dspy >= 99", body="pass")},
        instrumentor="oi_dspy:Instrumentor",
    )
    found = run(
        "qd.init(url=NOWHERE); import dspy; print(json.dumps(told('dspy')))", tmp_path, path=site
    )
    assert found["state"] == "failed"
    assert "dspy" in found["why"]


def test_an_installed_library_without_an_instrumentor_says_what_to_install(tmp_path: Path) -> None:
    site = tmp_path / "site"
    package(site, "groq", modules={"groq": ""})
    found = run(
        "qd.init(url=NOWHERE); import groq; print(json.dumps(told('groq')))", tmp_path, path=site
    )
    assert found["state"] == "missing"
    assert found["why"] == "pip install openinference-instrumentation-groq"


def test_an_import_that_fails_fails_as_it_would_without_us(tmp_path: Path) -> None:
    site = tmp_path / "site"
    package(site, "mistralai", modules={"mistralai": "raise ValueError('theirs')"})
    assert run(
        """
        qd.init(url=NOWHERE)
        try:
            import mistralai
        except ValueError as error:
            first = str(error)
        print(json.dumps([first, "mistralai" in sys.modules]))
        """,
        tmp_path,
        path=site,
    ) == ["theirs", False]


def test_a_library_that_reports_by_itself_needs_the_process_wide_provider(tmp_path: Path) -> None:
    site = tmp_path / "site"
    package(site, "strands-agents", modules={"strands": ""})
    globally, apart = (
        run(
            f"""
            from opentelemetry.sdk.trace import TracerProvider
            qd.init(url=NOWHERE{provider})
            import strands
            print(json.dumps(told("strands")))
            """,
            tmp_path,
            path=site,
        )
        for provider in ("", ", tracer_provider=TracerProvider()")
    )
    assert (globally["state"], globally["by"]) == ("left_alone", "own")
    assert globally["switched_by"] == "library"
    assert (apart["state"], apart["switched_by"]) == ("missing", "")


def test_a_library_keeps_the_loader_that_found_it(tmp_path: Path) -> None:
    """`importlib.resources` reads through it."""
    kind = run(
        """
        qd.init(url=NOWHERE)
        import openai, importlib.resources
        there = importlib.resources.files("openai").joinpath("py.typed").is_file()
        print(json.dumps([type(openai.__loader__).__name__, there]))
        """,
        tmp_path,
    )
    assert kind == ["SourceFileLoader", True]


def test_content_is_kept_out_of_what_the_instrumentor_writes(tmp_path: Path) -> None:
    with chat_server() as provider:
        found = run(
            f"""
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import SimpleSpanProcessor
            from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
            exporter, provider = InMemorySpanExporter(), TracerProvider()
            provider.add_span_processor(SimpleSpanProcessor(exporter))
            qd.init(url=NOWHERE, capture_content=False, tracer_provider=provider)
            import openai
            openai.OpenAI(base_url={provider.url!r}, api_key="x").chat.completions.create(
                model="gpt-4o-mini", messages=[{{"role": "user", "content": "the-secret"}}])
            (span,) = exporter.get_finished_spans()
            print(json.dumps(dict(span.attributes)))
            """,
            tmp_path,
        )
    assert found["llm.token_count.prompt"] == 101
    assert "the-secret" not in json.dumps(found)
    assert "answer 1" not in json.dumps(found)


def test_a_library_that_another_thread_is_just_importing_is_instrumented_too(
    tmp_path: Path,
) -> None:
    site = tmp_path / "site"
    package(
        site,
        "cohere",
        modules={
            "cohere": """
            import builtins
            builtins.begun.set()
            builtins.go_on.wait(20)
            """
        },
    )
    package(
        site,
        "openinference-instrumentation-cohere",
        modules={
            "oi_cohere": INSTRUMENTOR.format(
                needs="cohere", body="import builtins; builtins.on.set()"
            )
        },
        instrumentor="oi_cohere:Instrumentor",
    )
    assert run(
        """
        import builtins, importlib, threading
        builtins.begun, builtins.go_on, builtins.on = (threading.Event() for _ in range(3))
        importing = threading.Thread(target=importlib.import_module, args=("cohere",))
        importing.start()
        builtins.begun.wait(20)
        qd.init(url=NOWHERE)
        early = builtins.on.is_set()
        builtins.go_on.set()
        importing.join()
        print(json.dumps([early, builtins.on.wait(20)]))
        """,
        tmp_path,
        path=site,
    ) == [False, True]
