"""LangSmith's SDKs, and LangChain and LangGraph through them, under `/langsmith`."""
