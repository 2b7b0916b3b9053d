-- The counts and sums behind every rate, by time bucket and by up to two dimensions.
--
-- Each session counts once per value it has of a dimension: a session with two models stands in both
-- their rows, and the rows then add up to more than all sessions; one without any stands at ''.  Cost, tokens and calls are those
-- of the value itself (that model's cost, not the whole session's) where one dimension is agent,
-- model or tool; with two such dimensions nobody knows them and they are NULL.
-- `figures_reads` fills in {value_1}, {value_2} and what to add up: one text for every combination
-- would take the engine 60 ms to plan.
SELECT
    if({bucket_ns:Int64} = 0, 0, intDiv(started_ns, {bucket_ns:Int64}) * {bucket_ns:Int64}) AS bucket_ns,
    value_1,
    value_2,
    toInt64(count())                                         AS sessions,
    toInt64(countIf(one.outcome = 'success'))                AS successes,
    toInt64(countIf(one.outcome = 'success_partial'))        AS partial_successes,
    toInt64(countIf(one.outcome = 'failure'))                AS failures,
    toInt64(countIf(one.outcome = 'abandoned'))              AS abandoned,
    toInt64(countIf(one.outcome = 'interrupted'))            AS interrupted,
    toInt64(countIf(one.outcome != 'unknown'))               AS known_outcomes,
    toInt64(countIf(one.interventions > 0))                  AS intervened,
    toInt64(sum(one.interventions))                          AS interventions,
    sum(pow(one.interventions, 2))                           AS interventions2,
    toFloat64(sum(one.waited_ns)) / 1e9                      AS waited_s,
    toInt64(sum(one.episodes))                               AS episodes,
    toInt64(sum(one.recovered))                              AS recovered,
    toInt64(sum(one.retries))                                AS retries,
    toInt64(sum(one.handoffs))                               AS handoffs,
    toFloat64(sum(one.took_ns)) / 1e9                        AS duration_s,
    sum(pow(one.took_ns / 1e9, 2))                           AS duration_s2,
    toInt64(count(one.quality))                              AS judged,
    toFloat64(ifNull(sum(one.quality), 0))                   AS quality,
    toFloat64(ifNull(sum(pow(one.quality, 2)), 0))           AS quality2,
    sum(one.cost)                                            AS cost_usd,
    toInt64(count(one.cost))                                 AS costed,
    toFloat64(ifNull(sum(pow(toFloat64(one.cost), 2)), 0))   AS cost2,
    sumIf(one.cost, one.outcome = 'success')                 AS success_cost_usd,
    toInt64(countIf(one.outcome = 'success' AND isNotNull(one.cost))) AS costed_successes,
    sum(one.wasted)                                          AS wasted_usd,
    sum(one.calls)                                           AS model_calls,
    sum(one.unpriced)                                        AS unpriced_calls,
    sum(one.read_tokens)                                     AS input_tokens,
    sum(one.written_tokens)                                  AS output_tokens,
    sum(one.used)                                            AS tool_calls,
    sum(one.failed)                                          AS tool_errors,
    sum(one.refused)                                         AS tool_denied,
    toInt64(sum(one.span_count))                             AS spans
FROM (
    SELECT
        started_ns,
        outcome,
        interventions,
        waited_ns,
        episodes,
        recovered,
        retries,
        handoffs,
        span_count,
        quality,
        if(ended_ns > 0, ended_ns, last_seen_ns) - started_ns AS took_ns,
        arrayJoin({value_1}) AS value_1,
        arrayJoin({value_2}) AS value_2,
        {wasted} AS wasted,
        {cost} AS cost,
        {calls} AS calls,
        {unpriced} AS unpriced,
        {read_tokens} AS read_tokens,
        {written_tokens} AS written_tokens,
        {used} AS used,
        {failed} AS failed,
        {refused} AS refused
    FROM sessions FINAL
    WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
) AS one
GROUP BY bucket_ns, value_1, value_2
ORDER BY bucket_ns, sessions DESC, value_1, value_2
LIMIT {limit:UInt32}
