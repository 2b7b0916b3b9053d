-- How long the closed sessions that a filter lets through took: all ('') and by task type ('t:' before it).
SELECT
    arrayJoin(['', concat('t:', task_type)])                            AS of_type,
    toInt64(count())                                                    AS sessions,
    toInt64(quantileExact(0.5)(took))                                   AS half_ns,
    toInt64(quantileExact(0.95)(took))                                  AS most_ns
FROM (
    SELECT
        task_type,
        if(ended_ns > 0, ended_ns, last_seen_ns) - started_ns AS took
    FROM sessions FINAL
    WHERE project_id = {project_id:String}
      AND status = 'closed'
-- include: session_filter.sql
-- include when searching: session_search.sql
)
GROUP BY of_type
ORDER BY sessions DESC, of_type
LIMIT {limit:UInt32}
