  AND (
    session_id = {q:String}
    OR arrayExists(trace -> trace GLOBAL IN (
        SELECT trace_id
        FROM spans
        WHERE project_id = {project_id:String}
          AND start_ns >= {floor_ns:Int64}
          AND (empty({words:Array(String)}) OR hasAllTokens(words, {words:Array(String)}))
          AND words LIKE {pattern:String}
          AND arrayAll(part -> position(words, part) > 0, {parts:Array(String)})
    ), trace_ids)
  )
