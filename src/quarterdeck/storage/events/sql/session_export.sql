-- Whole sessions that a filter lets through, for streaming.
SELECT
    session_id,
    record
FROM sessions FINAL
WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
