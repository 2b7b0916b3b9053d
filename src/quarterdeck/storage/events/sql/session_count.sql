-- How many sessions a filter lets through.
SELECT
    count() AS sessions
FROM sessions FINAL
WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
