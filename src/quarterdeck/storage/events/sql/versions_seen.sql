-- Which versions the sessions that a filter lets through ran, where, and from when to when.
SELECT
    version,
    arraySort(groupUniqArray(toString(environment)))               AS environments,
    min(started_ns)                                                AS first_ns,
    max(last_seen_ns)                                              AS last_ns
FROM sessions FINAL
WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
GROUP BY version
ORDER BY last_ns DESC, version
LIMIT {limit:UInt32}
