  AND (
    session_id = {q:String}
    OR arrayExists(trace -> trace GLOBAL IN (
        SELECT trace_id
        FROM spans
        WHERE project_id = {project_id:String}
          AND start_ns >= {floor_ns:Int64}
          AND {holds_words}
    ), trace_ids)
  )
