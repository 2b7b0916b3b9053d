-- What a project received since an instant, by the library that sent it, most first.
--
-- By arrival and not by the spans' own time: a sender whose clock is wrong is what this looks for.
-- It reads the arrival of every span of the project (8 bytes each, well compressed) and the facts
-- of those that pass; of more than `most`, some.
SELECT
    JSONExtractString(facts, 'scope')                                            AS scope,
    arraySort(groupUniqArrayArray(20)(JSONExtract(facts, 'dialects', 'Array(String)'))) AS dialects,
    toInt64(count())                                                             AS spans,
    toInt64(countIf(JSONLength(facts, 'dialects') > 0))                          AS recognized,
    toInt64(uniqExact(trace_id))                                                 AS traces,
    toInt64(sum(JSONExtractInt(facts, 'dropped')))                               AS dropped,
    toInt64(countIf(JSONLength(facts, 'problems') > 0))                          AS with_problems,
    max(received_ns)                                                             AS last_received_ns
FROM (
    SELECT
        trace_id,
        facts,
        received_ns
    FROM spans
    WHERE project_id = {project_id:String}
      AND received_ns >= {since_ns:Int64}
      AND start_ns >= {floor_ns:Int64}
    LIMIT {most:UInt32}
)
GROUP BY scope
ORDER BY spans DESC, scope
LIMIT {limit:UInt32}
