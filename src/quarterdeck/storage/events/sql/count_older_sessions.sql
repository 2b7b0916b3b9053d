-- How many sessions a retention of that age takes.
SELECT
    count() AS sessions
FROM sessions FINAL
WHERE project_id = {project_id:String}
  AND last_seen_ns < {before_ns:Int64}
