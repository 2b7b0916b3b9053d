-- What a retention of an age takes of a project's sessions, and what it leaves.
SELECT
    toInt64(countIf(last_seen_ns < {before_ns:Int64}))                AS sessions,
    toInt64(sumIf(span_count, last_seen_ns < {before_ns:Int64}))      AS spans,
    toInt64(countIf(last_seen_ns >= {before_ns:Int64}))               AS kept_sessions,
    minIf(last_seen_ns, last_seen_ns < {before_ns:Int64})             AS oldest_ns
FROM sessions FINAL
WHERE project_id = {project_id:String}
