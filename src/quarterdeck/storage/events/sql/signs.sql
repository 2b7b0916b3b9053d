-- In how many sessions a tool failed, a model had no price, the data had a finding: before and now.
SELECT
    sign.1                                                              AS kind,
    sign.2                                                              AS name,
    toInt64(countIf(started_ns >= {split_ns:Int64}))                    AS sessions,
    toInt64(countIf(started_ns < {split_ns:Int64}))                     AS sessions_before,
    minIf(started_ns, started_ns >= {split_ns:Int64})                   AS first_ns,
    argMinIf(session_id, (started_ns, session_id), started_ns >= {split_ns:Int64}) AS first_id,
    toInt64(sumIf(sign.3, started_ns >= {split_ns:Int64}))              AS counted
FROM (
    SELECT
        session_id,
        started_ns,
        arrayJoin(arrayConcat(
            arrayMap((name, n) -> ('failed_tool', toString(name), toInt64(n)), tools, tool_errors),
            arrayMap((name, n) -> ('unpriced_model', toString(name), toInt64(n)), models, model_unpriced),
            arrayMap(name -> ('finding', toString(name), toInt64(1)), arrayDistinct(findings))
        )) AS sign
    FROM sessions FINAL
    WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
)
WHERE sign.3 > 0
GROUP BY kind, name
HAVING sessions > 0
ORDER BY kind, sessions DESC, name
LIMIT {limit:UInt32} BY kind
