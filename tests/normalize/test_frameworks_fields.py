"""
What single spans of frameworks mean, attribute by attribute.
"""

import json
from decimal import Decimal
from typing import Any

import pytest

from quarterdeck.model.spans import RawEvent, RawLink, RawSpan, Resource, Span
from quarterdeck.normalize.dialect import NormalizeSettings
from quarterdeck.normalize.normalize import normalize_span, read_content

TRACE = "0af7651916cd43dd8448eb211c80319c"


def _raw(scope: str, name: str, attributes: dict[str, Any], **more: Any) -> RawSpan:
    return RawSpan(
        trace_id=TRACE,
        span_id="b7ad6b7169203331",
        name=name,
        start_ns=1_000_000_000,
        end_ns=3_000_000_000,
        attributes=attributes,
        resource=Resource(scope_name=scope),
        **more,
    )


def _span(scope: str, name: str, attributes: dict[str, Any], **more: Any) -> Span:
    return normalize_span(_raw(scope, name, attributes, **more))


CASES: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    # Pydantic AI counts the retry that a failure makes necessary: the first try says 1.
    ("pydantic ai failed tool", "pydantic-ai", "execute_tool run_tests",
     {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "run_tests",
      "pydantic_ai.tool.retry.attempt": 1},
     {"kind": "tool", "tool": "run_tests", "attempt": 1}),
    # Mastra
    ("mastra agent", "@mastra/otel", "agent run: 'cook'",
     {"mastra.span.type": "agent_run", "gen_ai.agent.name": "cook",
      "mastra.metadata.threadId": "t-1", "mastra.tags": '["a"]'},
     {"kind": "agent", "agent": "cook", "session_key": "t-1", "tags": ("a",),
      "framework": "mastra"}),
    ("mastra call", "@mastra/otel", "chat gpt-4o",
     {"mastra.span.type": "model_generation", "gen_ai.request.model": "gpt-4o",
      "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 1},
     {"kind": "model", "model_requested": "gpt-4o"}),
    ("mastra step of a call", "@mastra/otel", "step", {"mastra.span.type": "model_step"},
     {"kind": "step", "subkind": "turn"}),
    ("mastra search", "@mastra/otel", "x", {"mastra.span.type": "rag_vector_operation"},
     {"kind": "retrieval"}),
    ("mastra scorer", "@mastra/otel", "x", {"mastra.span.type": "scorer_run"},
     {"kind": "evaluation"}),
    # Laminar
    ("laminar call", "lmnr.sdk", "x",
     {"lmnr.span.type": "LLM", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_cost": 0.25,
      "gen_ai.usage.output_cost": 0.5, "lmnr.association.properties.session_id": "l-1",
      "lmnr.association.properties.user_id": "u", "lmnr.association.properties.tags": ["x"]},
     {"kind": "model", "session_key": "l-1", "user": "u", "tags": ("x",)}),
    ("laminar human", "lmnr.sdk", "rate", {"lmnr.span.type": "HUMAN_EVALUATOR"},
     {"kind": "human"}),
    ("laminar default", "lmnr.sdk", "f", {"lmnr.span.type": "DEFAULT"}, {"kind": "step"}),
    # Haystack
    ("haystack pipeline", "haystack", "haystack.pipeline.run", {"haystack.pipeline.name": "rag"},
     {"kind": "step", "subkind": "workflow", "workflow": "rag"}),
    ("haystack generator", "haystack", "haystack.component.run",
     {"haystack.component.name": "llm", "haystack.component.type": "OpenAIChatGenerator"},
     {"kind": "model", "name": "llm"}),
    ("haystack retriever", "haystack", "haystack.component.run",
     {"haystack.component.name": "r", "haystack.component.type": "InMemoryBM25Retriever"},
     {"kind": "retrieval"}),
    ("haystack agent", "haystack", "haystack.agent.run", {"haystack.agent.steps_taken": 2},
     {"kind": "agent"}),
    ("haystack failed tool", "haystack", "haystack.tool.run",
     {"haystack.tool.name": "calc", "haystack.tool.error": "boom"},
     {"kind": "tool", "tool": "calc", "status": "error", "error_message": "boom"}),
    # VoltAgent
    ("voltagent agent", "@voltagent/core", "x",
     {"span.type": "agent", "entity.name": "support", "voltagent.conversation_id": "v-1"},
     {"kind": "agent", "agent": "support", "session_key": "v-1"}),
    ("voltagent tool", "@voltagent/core", "x",
     {"entity.type": "tool", "entity.name": "search", "input": '{"q": "x"}'},
     {"kind": "tool", "tool": "search", "target": "x"}),
    ("voltagent memory", "@voltagent/core", "x", {"span.type": "memory"}, {"kind": "memory"}),
    # Genkit
    ("genkit model", "genkit-tracer", "gemini",
     {"genkit:type": "action", "genkit:metadata:subtype": "model",
      "genkit:name": "googleai/gemini-2.5-flash",
      "genkit:output": '{"usage": {"inputTokens": 10, "outputTokens": 4, "thoughtsTokens": 6}}'},
     {"kind": "model", "model_requested": "gemini-2.5-flash", "provider": "gcp.gemini"}),
    ("genkit failed tool", "genkit-tracer", "t",
     {"genkit:type": "action", "genkit:metadata:subtype": "tool", "genkit:name": "calc",
      "genkit:state": "error"},
     {"kind": "tool", "tool": "calc", "status": "error"}),
    ("genkit flow", "genkit-tracer", "f", {"genkit:type": "flow", "genkit:name": "menu"},
     {"kind": "step", "subkind": "workflow", "workflow": "menu"}),
    # Flue
    ("flue tool", "flue", "flue.tool", {"flue.tool.name": "grep"},
     {"kind": "tool", "tool": "grep"}),
    ("flue turn", "flue", "flue.turn", {"flue.session.id": "f-1"},
     {"kind": "agent", "session_key": "f-1"}),
    ("flue workflow", "flue", "run", {"flue.workflow.name": "w"},
     {"kind": "step", "subkind": "workflow", "workflow": "w"}),
    # Semantic Kernel, AgentCore, Weave
    ("semantic kernel agent", "Microsoft.SemanticKernel", "invoke_agent x",
     {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "x", "gen_ai.system": "openai",
      "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 1},
     {"kind": "agent", "agent": "x", "usage_is_aggregate": True, "framework": "semantic_kernel"}),
    ("agentcore", "bedrock-agentcore", "x",
     {"gen_ai.runtime.id": "r", "session.id": "a-1", "gen_ai.browser.session.id": "no"},
     {"session_key": "a-1", "dialects": ("agentcore", "otel_genai")}),
    ("weave", "weave", "x",
     {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o",
      "weave.parent_call.trace_id": "0af76519-16cd-43dd-8448-eb211c80319d"},
     {"kind": "model", "linked_traces": ("0af7651916cd43dd8448eb211c80319d",)}),
    # LiteLLM
    ("litellm call", "litellm", "litellm_request",
     {"gen_ai.request.model": "gpt-4o", "gen_ai.cost.total_cost": 0.002, "litellm.trace_id": "t",
      "gen_ai.usage.prompt_tokens": 3, "gen_ai.usage.completion_tokens": 1,
      "metadata.user_api_key_end_user_id": "eu"},
     {"kind": "model", "user": "eu", "join_keys": ("litellm:t",)}),
    ("litellm raw request", "litellm", "raw_gen_ai_request",
     {"llm.openai.messages": "[]", "gen_ai.usage.prompt_tokens": 3,
      "gen_ai.usage.completion_tokens": 1},
     {"kind": "step", "subkind": "http", "usage": None}),
    # OpenLIT
    ("openlit handoff", "openlit.otel.tracing", "x",
     {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "b", "gen_ai.agent.role": "qa",
      "gen_ai.agent.source": "a", "gen_ai.agent.target": "b"},
     {"kind": "agent", "agent": "b", "agent_role": "qa"}),
    # ADK, the old schema
    ("adk invocation", "gcp.vertex.agent", "invocation", {"gen_ai.system": "gcp.vertex.agent"},
     {"kind": "step", "subkind": "workflow", "provider": "", "framework": "adk"}),
    ("adk call_llm", "gcp.vertex.agent", "call_llm",
     {"gen_ai.request.model": "gemini-2.5-pro", "gcp.vertex.agent.session_id": "s",
      "gcp.vertex.agent.llm_request": "{}"},
     {"kind": "step", "session_key": "s"}),
    ("adk call_llm that was billed", "gcp.vertex.agent", "call_llm",
     {"gen_ai.request.model": "gemini-2.5-pro", "gen_ai.usage.input_tokens": 3,
      "gen_ai.usage.output_tokens": 1, "gcp.vertex.agent.llm_request": "{}"},
     {"kind": "model"}),
    ("adk agent_run", "gcp.vertex.agent", "agent_run [root]", {"gcp.vertex.agent.event_id": "e"},
     {"kind": "agent", "agent": "root"}),
    ("adk confirmation", "gcp.vertex.agent", "execute_tool adk_request_confirmation",
     {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "adk_request_confirmation"},
     {"kind": "human"}),
    # Strands
    ("strands swarm", "strands.telemetry.tracer", "invoke_swarm",
     {"gen_ai.operation.name": "invoke_swarm", "gen_ai.system": "strands-agents"},
     {"kind": "step", "subkind": "workflow", "agent": ""}),
    ("strands failed tool", "strands.telemetry.tracer", "execute_tool x",
     {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "x",
      "gen_ai.tool.status": "error"},
     {"kind": "tool", "status": "error"}),
    ("strands memory", "strands.telemetry.tracer", "memory.search", {"event_loop.cycle_id": "1"},
     {"kind": "memory"}),
    # Agent Framework
    ("agent framework executor", "agent_framework", "executor.process writer",
     {"executor.id": "writer", "executor.type": "AgentExecutor"},
     {"kind": "step", "subkind": "executor", "name": "writer"}),
    ("agent framework person", "agent_framework", "executor.process ask",
     {"executor.id": "ask", "executor.type": "RequestInfoExecutor"}, {"kind": "human"}),
    # LiveKit
    ("livekit session", "livekit-agents", "agent_session",
     {"gen_ai.operation.name": "invoke_workflow", "lk.room_name": "r"},
     {"kind": "session", "session_key": "r"}),
    ("livekit failed tool", "livekit-agents", "function_tool",
     {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "x",
      "lk.function_tool.is_error": True},
     {"kind": "tool", "status": "error"}),
    ("livekit node that has the usage", "livekit-agents", "llm_node",
     {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 3,
      "gen_ai.usage.output_tokens": 1, "lk.retry_count": 2},
     {"kind": "model", "resends": 2}),
    # OpenClaw
    ("openclaw turn of another agent", "openclaw", "openclaw.model.call",
     {"openclaw.model_call.observation_unit": "turn", "gen_ai.operation.name": "invoke_agent",
      "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 1,
      "openclaw.agent": "claude-cli"},
     {"kind": "agent", "agent": "claude-cli", "usage_is_aggregate": True}),
    ("openclaw exclusive tokens", "openclaw", "openclaw.model.usage",
     {"openclaw.tokens.input": 100, "openclaw.tokens.cache_read": 900,
      "openclaw.tokens.output": 5, "openclaw.tokens.total": 1005, "openclaw.model": "gpt-5"},
     {"kind": "step", "subkind": "usage", "usage_is_aggregate": True}),
    # Gemini CLI's own spans
    ("gemini cli tool", "gemini-cli", "tool_call",
     {"gen_ai.operation.name": "tool_call", "gen_ai.tool.name": "read_file",
      "gen_ai.tool.call_id": "c"},
     {"kind": "tool", "tool": "read_file", "tool_call_id": "c"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "name", "attributes", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_span_means_what_the_reference_says(
    scope: str, name: str, attributes: dict[str, Any], expected: dict[str, Any]
) -> None:
    span = _span(scope, name, attributes)
    assert {field: getattr(span, field) for field in expected} == expected
    assert not span.problems


def test_genkits_thoughts_are_added_to_its_output() -> None:
    output = {"usage": {"inputTokens": 10, "outputTokens": 4, "thoughtsTokens": 6}}
    usage = _span(
        "genkit-tracer", "g",
        {"genkit:metadata:subtype": "model", "genkit:name": "googleai/gemini-2.5-flash",
         "genkit:output": json.dumps(output)},
    ).usage  # fmt: skip
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens) == (10, 10, 6)


def test_openclaws_input_is_brought_to_include_cached_tokens() -> None:
    usage = _span(
        "openclaw", "openclaw.model.usage",
        {"openclaw.tokens.input": 100, "openclaw.tokens.cache_read": 900,
         "openclaw.tokens.output": 5},
    ).usage  # fmt: skip
    assert usage is not None
    assert (usage.input_tokens, usage.cache_read_tokens) == (1000, 900)


@pytest.mark.parametrize(
    ("scope", "name", "attributes", "usd"),
    [
        ("lmnr", "x", {"lmnr.span.type": "LLM", "gen_ai.usage.input_cost": 0.25,
                       "gen_ai.usage.output_cost": 0.5}, "0.75"),
        ("litellm", "litellm_request", {"gen_ai.cost.total_cost": 0.002}, "0.002"),
        ("openlit", "chat", {"gen_ai.usage.cost": 0.1, "gen_ai.request.model": "m"}, "0.1"),
    ],
)  # fmt: skip
def test_a_cost_that_the_library_reports_is_kept(
    scope: str, name: str, attributes: dict[str, Any], usd: str
) -> None:
    charge = _span(scope, name, attributes).charge
    assert charge is not None
    assert charge.reported_usd == Decimal(usd)


def test_a_scripted_user_proxy_is_an_agent_and_no_person() -> None:
    raw = _raw(
        "autogen-core", "invoke_agent user_proxy",
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.system": "autogen",
         "gen_ai.agent.name": "user_proxy"},
    )  # fmt: skip
    assert normalize_span(raw).kind == "human"
    scripted = normalize_span(raw, settings=NormalizeSettings(scripted_humans=True))
    assert (scripted.kind, scripted.agent, scripted.human) == ("agent", "user_proxy", None)


def test_a_langgraph_command_hands_over_to_the_node_that_it_names() -> None:
    attributes = {"langgraph.command.source_node": "a", "langgraph.command.goto_node": "b"}
    span = _span("opentelemetry.instrumentation.langchain", "command", attributes)
    assert span.handoff is not None
    assert (span.subkind, span.handoff.source, span.handoff.target) == ("handoff", "a", "b")
    ending = attributes | {"langgraph.command.goto_node": "__end__"}
    assert _span("opentelemetry.instrumentation.langchain", "command", ending).handoff is None


@pytest.mark.parametrize(
    ("resume", "decision"),
    [
        (True, "approved"), (False, "rejected"), ("approve", "approved"), ("later", "none"),
        ({"approved": False}, "rejected"), ({"decisions": [{"type": "edit"}]}, "modified"),
        ({"decisions": [{"type": "reject"}]}, "rejected"), ([{"type": "accept"}], "approved"),
        ({"f00": {"approved": True}}, "approved"), (7, "none"),
    ],
)  # fmt: skip
def test_what_a_langgraph_run_is_resumed_with_is_the_answer(resume: Any, decision: str) -> None:
    given = json.dumps({"graph": None, "update": None, "resume": resume, "goto": []})
    span = _span(
        "openinference.instrumentation.langchain", "LangGraph",
        {"openinference.span.kind": "CHAIN", "session.id": "t", "input.value": given},
    )  # fmt: skip
    assert span.human is not None
    assert span.human.decision == decision
    assert span.human.answer


def test_what_llama_index_prepares_a_call_with_is_no_call() -> None:
    attributes = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini"}
    scope = "openinference.instrumentation.llama_index"
    assert _span(scope, "OpenAI._prepare_chat_with_tools", attributes).kind == "step"
    assert _span(scope, "OpenAI.astream_chat", attributes).kind == "model"


def test_a_graph_below_a_span_of_the_application_is_resumed_too_and_its_nodes_are_not() -> None:
    given = json.dumps({"resume": {"approved": True}})
    attributes = {"openinference.span.kind": "CHAIN", "input.value": given}
    scope = "openinference.instrumentation.langchain"
    graph = _span(scope, "LangGraph", attributes, parent_span_id="00000000000000aa")
    assert graph.human is not None
    assert graph.human.decision == "approved"
    inside = attributes | {"metadata": json.dumps({"langgraph_node": "ask"})}
    assert _span(scope, "ask", inside, parent_span_id="00000000000000aa").human is None


@pytest.mark.parametrize(("name", "kind"), [("clerk", "agent"), ("model", "step")])
def test_an_agent_of_langchain_that_has_a_name_is_an_agent(name: str, kind: str) -> None:
    inside = {"lc_agent_name": "clerk", "langgraph_node": name}
    span = _span(
        "openinference.instrumentation.langchain", name,
        {"openinference.span.kind": "CHAIN", "metadata": json.dumps(inside)},
        parent_span_id="1" * 16,
    )  # fmt: skip
    assert (span.kind, span.agent) == (kind, "clerk" if kind == "agent" else "")


@pytest.mark.parametrize(
    ("message", "asked", "question", "tool"),
    [
        ("(Interrupt(value={'question': 'Send it?'}, id='1'),)", "question", "Send it?", ""),
        ("(Interrupt(value='Your name?', id='1'),)", "question", "Your name?", ""),
        ("(Interrupt(value={'action_requests': [{'name': 'pay', 'args': {}}]}, id='1'),)",
         "approval", "{'action_requests': [{'name': 'pay', 'args': {}}]}", "pay"),
        ("something else", "question", "something else", ""),
    ],
)  # fmt: skip
def test_an_interrupts_words_are_cut_out_of_its_message(
    message: str, asked: str, question: str, tool: str
) -> None:
    event = RawEvent(
        name="exception",
        attributes={
            "exception.type": "langgraph.errors.GraphInterrupt", "exception.message": message
        },
    )  # fmt: skip
    span = _span(
        "openinference.instrumentation.langchain", "ask",
        {"openinference.span.kind": "CHAIN", "metadata": '{"langgraph_node": "ask"}'},
        parent_span_id="1" * 16, events=(event,),
    )  # fmt: skip
    assert span.status == "interrupted"
    assert span.human is not None
    assert (span.human.asked, span.human.question, span.human.tool) == (asked, question, tool)


def test_only_the_node_that_asked_is_a_person_and_not_the_graph_above() -> None:
    event = RawEvent(name="exception", attributes={"exception.type": "GraphInterrupt"})
    graph = _span(
        "openinference.instrumentation.langchain", "LangGraph",
        {"openinference.span.kind": "CHAIN"}, events=(event,),
    )  # fmt: skip
    assert (graph.kind, graph.status, graph.human) == ("step", "interrupted", None)


def test_strands_answers_an_interrupt_in_the_next_runs_input() -> None:
    event = RawEvent(
        name="gen_ai.user.message",
        attributes={
            "content": '[{"interruptResponse": {"interruptId": "i", "response": "approve"}}]'
        },
    )
    span = _span(
        "strands.telemetry.tracer", "invoke_agent a",
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "a"}, events=(event,),
    )  # fmt: skip
    assert span.human is not None
    assert (span.human.decision, span.human.answer) == ("approved", "approve")


def test_a_prompt_queued_in_another_trace_links_it() -> None:
    link = RawLink(trace_id="1" * 32, attributes={"link.type": "queued_send"})
    other = RawLink(trace_id="2" * 32, attributes={"link.type": "parent_of"})
    span = _span(
        "com.anthropic.claude_code.tracing", "claude_code.interaction",
        {"span.type": "interaction"}, links=(link, other),
    )  # fmt: skip
    assert span.linked_traces == ("1" * 32,)


def test_claude_codes_records_name_the_tool_of_an_mcp_server_in_its_parameters() -> None:
    told = {
        "tool_name": "mcp_tool", "tool_use_id": "c",
        "tool_parameters": '{"mcp_server_name":"shop","mcp_tool_name":"refund"}',
    }  # fmt: skip
    record = _span(
        "com.anthropic.claude_code.events", "claude_code.tool", {"span.type": "tool", **told}
    )
    assert record.tool == "refund"
    decided = _span(
        "com.anthropic.claude_code.tracing", "claude_code.tool.blocked_on_user",
        {"span.type": "tool.blocked_on_user", "decision": "accept", "source": "user_temporary"},
        events=(RawEvent(name="claude_code.tool_decision", attributes=told),),
    )  # fmt: skip
    assert decided.human is not None
    assert decided.human.tool == "refund"


def test_claude_codes_tool_input_loses_its_prefix_and_its_output_is_the_result() -> None:
    raw = _raw(
        "com.anthropic.claude_code.tracing", "claude_code.tool",
        {"span.type": "tool", "gen_ai.operation.name": "execute_tool", "tool_name": "Bash",
         "tool_input": '[TOOL INPUT: Bash] {"command": "ls"}'},
        events=(RawEvent(name="tool.output", attributes={"output": "a.py"}),),
    )  # fmt: skip
    content = read_content(raw)
    assert (content.input, content.output) == ({"command": "ls"}, "a.py")
    assert normalize_span(raw).target == "ls"


def test_a_crewai_feedback_is_told_once_by_the_prompt_that_passes_it_on() -> None:
    def prompt(*messages: str) -> str:
        return json.dumps({"messages": [{"role": "user", "content": m} for m in messages]})

    feedback = (
        "User feedback: shorter\nInstructions: Use this feedback to enhance the next output"
        " iteration.\nNote: Do not respond or add commentary."
    )
    model = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o"}
    told = _span(
        "openinference.instrumentation.openai", "ChatCompletion",
        model | {"input.value": prompt("write", feedback)},
    )  # fmt: skip
    assert told.human is not None
    assert (told.human.asked, told.human.answer) == ("feedback", "shorter")
    assert "crewai" not in told.dialects
    later = _span(
        "openinference.instrumentation.openai", "ChatCompletion",
        model | {"input.value": prompt("write", feedback, "tool result")},
    )  # fmt: skip
    assert later.human is None


def test_mastra_waits_for_an_event_as_for_a_person() -> None:
    span = _span(
        "@mastra/otel", "wait",
        {"mastra.span.type": "workflow_wait_event",
         "mastra.workflow_wait_event.event_received": True,
         "mastra.workflow_wait_event.wait_duration_ms": 1500},
    )  # fmt: skip
    assert span.kind == "human"
    assert span.human is not None
    assert span.human.waited_ns == 1_500_000_000


def test_adks_request_and_response_are_messages() -> None:
    request = {
        "model": "gemini-2.5-pro",
        "config": {"system_instruction": "Be brief."},
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
    }
    response = {"content": {"role": "model", "parts": [{"text": "hello"}]}}
    content = read_content(
        _raw(
            "gcp.vertex.agent", "call_llm",
            {"gcp.vertex.agent.llm_request": json.dumps(request),
             "gcp.vertex.agent.llm_response": json.dumps(response)},
        )
    )  # fmt: skip
    assert [m.role for m in content.input_messages] == ["system", "user"]
    assert [m.role for m in content.output_messages] == ["assistant"]


def test_a_langsmith_run_that_raised_failed_although_its_status_says_ok() -> None:
    # Its exporter sets OK when a run begins, and the SDK lets nothing change OK afterwards.
    raised = RawEvent(
        name="exception",
        attributes={"exception.type": "Exception", "exception.message": "PaymentError('504')"},
    )

    def run(*events: RawEvent) -> Span:
        chain = {"langsmith.span.kind": "chain"}
        return _span("langsmith", "support", chain, status_code=1, events=events)

    span = run(raised)
    assert (span.status, span.error_type, span.error_message) == ("error", "PaymentError", "504")
    paused = RawEvent(name="exception", attributes={"exception.message": "GraphInterrupt(())"})
    assert run(paused).status == "interrupted"
    assert run().status == "ok"


@pytest.mark.parametrize(("node", "role"), [("coder", "coder"), ("model", ""), ("agent", "")])
def test_a_model_call_in_a_graph_has_the_role_of_its_node(node: str, role: str) -> None:
    # Nodes that every prebuilt agent has say nothing: the agent's name does then.
    called = _span(
        "openinference.instrumentation.langchain", "ChatOpenAI",
        {"openinference.span.kind": "LLM", "metadata": json.dumps({"langgraph_node": node})},
    )  # fmt: skip
    assert (called.kind, called.agent_role) == ("model", role)
