-- How many sessions that a filter lets through began when, by how they ended.
SELECT
    intDiv(started_ns, {bucket_ns:Int64}) * {bucket_ns:Int64} AS began_ns,
    outcome,
    toInt64(count()) AS sessions
FROM sessions FINAL
WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
GROUP BY began_ns, outcome
ORDER BY began_ns, outcome
