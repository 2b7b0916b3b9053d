-- How many cases have how many trials of which so many succeeded, by time bucket and dimensions.
--
-- Trials are repetitions by one agent: the same workflow and version.  Two agents at one task are two
-- units, else pass^2 would ask whether one model *and* another succeed.
-- A trial whose outcome nobody knows is none here: it neither passed nor failed.  A session without a
-- case is no trial.  A histogram, so that ten thousand cases are some dozen rows.
SELECT
    bucket_ns,
    value_1,
    value_2,
    trials,
    successes,
    toInt64(count()) AS cases
FROM (
    SELECT
        if({bucket_ns:Int64} = 0, 0, intDiv(started_ns, {bucket_ns:Int64}) * {bucket_ns:Int64}) AS bucket_ns,
        arrayJoin({value_1}) AS value_1,
        arrayJoin({value_2}) AS value_2,
        case_id,
        toInt64(countIf(outcome != 'unknown')) AS trials,
        toInt64(countIf(outcome = 'success')) AS successes
    FROM sessions FINAL
    WHERE project_id = {project_id:String}
      AND case_id != ''
-- include: session_filter.sql
-- include when searching: session_search.sql
    GROUP BY bucket_ns, value_1, value_2, case_id, workflow, version
)
GROUP BY bucket_ns, value_1, value_2, trials, successes
ORDER BY bucket_ns, value_1, value_2, trials, successes
LIMIT {limit:UInt32}
