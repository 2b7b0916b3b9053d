-- Sessions that a filter lets through and that are not closed, by what they wait for and task type.
--
-- `took_ns` are the longest of them, as the filter `duration` counts: from the first to the last span.
SELECT
    toString(status)                                                    AS state,
    toString(task_type)                                                 AS of_type,
    toInt64(count())                                                    AS sessions,
    min(started_ns)                                                     AS first_ns,
    argMin(session_id, (started_ns, session_id))                        AS first_id,
    min(last_seen_ns)                                                   AS quiet_ns,
    argMin(session_id, (last_seen_ns, session_id))                      AS quiet_id,
    groupArraySorted(1000)(started_ns - last_seen_ns)                   AS took_ns
FROM sessions FINAL
WHERE project_id = {project_id:String}
  AND status != 'closed'
-- include: session_filter.sql
-- include when searching: session_search.sql
GROUP BY state, of_type
ORDER BY sessions DESC, state, of_type
LIMIT {limit:UInt32}
