-- Judgements from before a project's retention, unless their session goes on.  A score may still
-- carry the id that a trace had before it joined its session.
DELETE FROM scores{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND at_ns < {before_ns:Int64}
  AND session_id GLOBAL NOT IN (
    SELECT arrayJoin(arrayPushBack(arrayMap(trace -> concat('trace:', trace), trace_ids), session_id))
    FROM sessions FINAL
    WHERE project_id = {project_id:String}
      AND last_seen_ns >= {before_ns:Int64}
  )
