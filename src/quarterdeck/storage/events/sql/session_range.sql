-- From when to when the sessions began that a filter lets through; 0 and 0 for none.
SELECT
    min(started_ns) AS first_ns,
    max(started_ns) AS last_ns
FROM sessions FINAL
WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
