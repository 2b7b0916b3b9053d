-- Decision paths of the newest sessions that a filter lets through, with how each ended.
SELECT
    session_id,
    outcome,
    cost_usd,
    interventions,
    case_id,
    path
FROM sessions FINAL
WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
ORDER BY started_ns DESC, session_id
LIMIT {limit:UInt32}
