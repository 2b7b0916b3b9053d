-- The counts and sums behind every rate, by time bucket and by up to two dimensions.
--
-- Each session counts once per value it has of a dimension: a session with two models stands in both
-- their rows, and the rows then add up to more than all sessions; one without any stands at ''.  Cost, tokens and calls are those
-- of the value itself (that model's cost, not the whole session's) where one dimension is agent,
-- model or tool; with two such dimensions nobody knows them and they are NULL.
-- The trials of one case are a cluster, every other session is one by itself: `figures_reads` repeats the
-- part between {sessions} and {end}, once for each, and adds the trials up.  A `…_spread` is
-- [clusters that tell, sum of x * x, of y * y, of x * y] over the clusters' own sums of what the figure x / y
-- divides: how far the figure would be elsewhere with other cases.
-- `figures_reads` fills in {value_1}, {value_2} and what to add up: one text for every combination
-- would take the engine 60 ms to plan.
SELECT
    bucket_ns,
    value_1,
    value_2,
    toInt64(sum(c.n))                                        AS sessions,
    toInt64(uniqExactIf(c.case_id, c.case_id != ''))         AS cases,
    toInt64(sum(c.succeeded))                                AS successes,
    toInt64(sum(c.partly))                                   AS partial_successes,
    toInt64(sum(c.failures))                                 AS failures,
    toInt64(sum(c.abandoned))                                AS abandoned,
    toInt64(sum(c.interrupted))                              AS interrupted,
    toInt64(sum(c.known))                                    AS known_outcomes,
    toInt64(sum(c.intervened))                               AS intervened,
    toInt64(sum(c.acts))                                     AS interventions,
    sum(c.waited_s)                                          AS waited_s,
    toInt64(sum(c.opened))                                   AS episodes,
    toInt64(sum(c.erring))                                   AS with_episodes,
    toInt64(sum(c.mended))                                   AS recovered,
    toInt64(sum(c.retries))                                  AS retries,
    toInt64(sum(c.handoffs))                                 AS handoffs,
    sum(c.took_s)                                            AS duration_s,
    toInt64(sum(c.judged))                                   AS judged,
    sum(c.quality)                                           AS quality,
    sum(c.cost)                                              AS cost_usd,
    toInt64(sum(c.costed))                                   AS costed,
    toInt64(sum(c.costed_wins))                              AS costed_successes,
    sum(c.wasted)                                            AS wasted_usd,
    sum(c.calls)                                             AS model_calls,
    sum(c.unpriced)                                          AS unpriced_calls,
    sum(c.read_tokens)                                       AS input_tokens,
    sum(c.written_tokens)                                    AS output_tokens,
    sum(c.used)                                              AS tool_calls,
    sum(c.failed)                                            AS tool_errors,
    sum(c.refused)                                           AS tool_denied,
    toInt64(sum(c.wanted))                                   AS expected_calls,
    toInt64(sum(c.made))                                     AS matched_calls,
    toInt64(sum(c.testing))                                  AS tests,
    toInt64(sum(c.span_count))                               AS spans,
    [toFloat64(countIf(c.known > 0)), sum(c.succeeded * c.succeeded), sum(c.known * c.known), sum(c.succeeded * c.known)] AS completion_spread,
    [toFloat64(count()), sum((c.n - c.known) * (c.n - c.known)), sum(c.n * c.n), sum((c.n - c.known) * c.n)] AS unknown_spread,
    [toFloat64(count()), sum(c.intervened * c.intervened), sum(c.n * c.n), sum(c.intervened * c.n)] AS intervened_spread,
    [toFloat64(count()), sum(c.acts * c.acts), sum(c.n * c.n), sum(c.acts * c.n)]   AS acts_spread,
    [toFloat64(countIf(c.costed > 0)), sum(c.money * c.money), sum(c.costed * c.costed), sum(c.money * c.costed)] AS cost_spread,
    [toFloat64(countIf(c.costed > 0)), sum(c.money * c.money), sum(c.costed_wins * c.costed_wins), sum(c.money * c.costed_wins)] AS success_cost_spread,
    [toFloat64(countIf(c.all_calls > 0)), sum(c.without_price * c.without_price), sum(c.all_calls * c.all_calls), sum(c.without_price * c.all_calls)] AS unpriced_spread,
    [toFloat64(countIf(c.opened > 0)), sum(c.mended * c.mended), sum(c.opened * c.opened), sum(c.mended * c.opened)] AS recovery_spread,
    [toFloat64(countIf(c.ran > 0)), sum(c.fine * c.fine), sum(c.ran * c.ran), sum(c.fine * c.ran)] AS tool_spread,
    [toFloat64(countIf(c.wanted > 0)), sum(c.made * c.made), sum(c.wanted * c.wanted), sum(c.made * c.wanted)] AS expected_spread,
    [toFloat64(count()), sum(c.took_s * c.took_s), sum(c.n * c.n), sum(c.took_s * c.n)] AS duration_spread,
    [toFloat64(countIf(c.judged > 0)), sum(c.quality * c.quality), sum(c.judged * c.judged), sum(c.quality * c.judged)] AS quality_spread
FROM (
{sessions}
    SELECT
        bucket_ns,
        value_1,
        value_2,
        case_id,
        if(case_id = '', cityHash64('session', session_id), cityHash64('case', case_id)) AS cluster,
        1.                                                   AS n,
        toFloat64(outcome = 'success')                       AS succeeded,
        outcome = 'success_partial'                          AS partly,
        outcome = 'failure'                                  AS failures,
        outcome = 'abandoned'                                AS abandoned,
        outcome = 'interrupted'                              AS interrupted,
        toFloat64(outcome != 'unknown')                      AS known,
        toFloat64(interventions > 0)                         AS intervened,
        toFloat64(interventions)                             AS acts,
        waited_ns / 1e9                                      AS waited_s,
        toFloat64(episodes)                                  AS opened,
        episodes > 0                                         AS erring,
        toFloat64(recovered)                                 AS mended,
        retries,
        handoffs,
        (if(ended_ns > 0, ended_ns, last_seen_ns) - started_ns) / 1e9 AS took_s,
        toFloat64(isNotNull(one.quality))                    AS judged,
        ifNull(one.quality, 0.)                              AS quality,
        cost,
        toFloat64(ifNull(cost, 0))                           AS money,
        toFloat64(isNotNull(cost))                           AS costed,
        costed * succeeded                                   AS costed_wins,
        wasted,
        calls,
        unpriced,
        toFloat64(ifNull(calls, 0))                          AS all_calls,
        toFloat64(ifNull(unpriced, 0))                       AS without_price,
        read_tokens,
        written_tokens,
        used,
        failed,
        refused,
        toFloat64(greatest(ifNull(used, 0) - ifNull(refused, 0), 0)) AS ran,
        greatest(ran - ifNull(failed, 0), 0.)                AS fine,
        toFloat64(ifNull(expected_calls, 0))                 AS wanted,
        toFloat64(ifNull(matched_calls, 0))                  AS made,
        isNotNull(expected_calls)                            AS testing,
        span_count
    FROM (
        SELECT
            session_id,
            case_id,
            started_ns,
            last_seen_ns,
            ended_ns,
            outcome,
            interventions,
            waited_ns,
            episodes,
            recovered,
            retries,
            handoffs,
            span_count,
            quality,
            expected_calls,
            matched_calls,
            if({bucket_ns:Int64} = 0, 0, intDiv(started_ns, {bucket_ns:Int64}) * {bucket_ns:Int64}) AS bucket_ns,
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
          {which}
-- include: session_filter.sql
-- include when searching: session_search.sql
    ) AS one
{end}
) AS c
GROUP BY bucket_ns, value_1, value_2
ORDER BY bucket_ns, sessions DESC, value_1, value_2
LIMIT {limit:UInt32}
