-- Sessions that a filter lets through that are over, or of which it is known how they ended; in that order.
--
-- A cost that is only partly known is none: with a model that has no price a version would seem cheap.
SELECT
    session_id,
    version,
    if(ended_ns > 0, ended_ns, last_seen_ns)                       AS settled_ns,
    user_id,
    task_type,
    outcome,
    interventions,
    if(unpriced_calls > 0, NULL, cost_usd)                         AS cost_usd,
    episodes,
    recovered,
    quality
FROM sessions FINAL
WHERE project_id = {project_id:String}
  AND (status = 'closed' OR outcome != 'unknown')
-- include: session_filter.sql
-- include when searching: session_search.sql
ORDER BY settled_ns, session_id
LIMIT {limit:UInt32}
