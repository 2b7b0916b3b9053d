"""Token counts of recorders, brought to ours, and totals that disagree."""

from quarterdeck.model.usage import Usage
from quarterdeck.receive.transcripts.langfuse.counts import counts_of
from quarterdeck.receive.transcripts.token_counts import disagreement, usage_disagrees, usage_of


def test_cached_tokens_that_are_counted_beside_become_part_of_the_input() -> None:
    told = {"input_tokens": 10, "output_tokens": 2, "cache_read": 100, "cache_write": 7}
    beside = usage_of(**told, cached="beside")
    inside = usage_of(**told, cached="inside")
    assert beside == Usage(
        input_tokens=117, output_tokens=2, cache_read_tokens=100, cache_write_tokens=7
    )
    assert inside is not None
    assert inside.input_tokens == 10


def test_nothing_counted_is_no_usage_and_zero_is_a_count() -> None:
    assert usage_of(cached="beside") is None
    assert usage_of(input_tokens="many", output_tokens=-1, cached="inside") is None
    assert usage_of(output_tokens=0, cached="inside") == Usage(output_tokens=0)
    untold = usage_of(cache_read=5, cached="beside")
    assert untold == Usage(cache_read_tokens=5)


def test_equal_or_untold_totals_are_no_contradiction() -> None:
    usage = Usage(input_tokens=3, output_tokens=4)
    assert usage_disagrees("c", usage, 7) == usage_disagrees("c", usage, None) == ()
    assert [f.code for f in usage_disagrees("c", usage, 8)] == ["usage_disagrees"]
    assert disagreement("messages", 3, 3) == disagreement("messages", None, 3) == ()
    assert [f.code for f in disagreement("messages", 4, 3)] == ["totals_disagree"]


def test_langfuses_total_decides_whether_details_are_beside_or_inside() -> None:
    def counted(**details: int) -> Usage | None:
        return counts_of({"usageDetails": details}).usage

    beside = counted(input=10, input_cache_read=5, output=3, output_reasoning=2, total=20)
    assert beside == Usage(
        input_tokens=15, output_tokens=5, cache_read_tokens=5, reasoning_tokens=2
    )
    inside = counted(input=10, input_cache_read=5, output=3, output_reasoning=2, total=13)
    assert inside == Usage(
        input_tokens=10, output_tokens=3, cache_read_tokens=5, reasoning_tokens=2
    )
    assert counted(total=5) is None
