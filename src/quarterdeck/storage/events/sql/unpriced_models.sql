-- Models that calls have no price for, in the sessions that a filter lets through, most calls first.
SELECT
    use.1                                AS model,
    toInt64(sum(use.3))                  AS calls,
    toInt64(sum(use.2))                  AS all_calls,
    toInt64(uniqExact(session_id))       AS sessions,
    min(started_ns)                      AS first_ns,
    max(started_ns)                      AS last_ns
FROM (
    SELECT
        session_id,
        started_ns,
        arrayJoin(arrayFilter(
            one -> one.3 > 0,
            arrayMap((m, c, u) -> (toString(m), c, u), models, model_calls, model_unpriced)
        )) AS use
    FROM sessions FINAL
    WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
)
GROUP BY model
ORDER BY calls DESC, model
LIMIT {limit:UInt32}
