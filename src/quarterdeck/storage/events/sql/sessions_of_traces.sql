-- The sessions that some traces belong to now; an old `trace:<id>` finds its session by this.
SELECT
    session_id,
    trace_ids
FROM sessions FINAL
WHERE project_id = {project_id:String}
  AND hasAny(trace_ids, {trace_ids:Array(String)})
  AND last_seen_ns >= {floor_ns:Int64}
