-- Which sessions of one project a page of the list shows, and where each stands in the order.
-- Empty arrays, -1 and NULL mean any; ClickHouse folds those tests away before it plans.
-- `position` grows along the list whatever the direction, so one comparison serves the cursor.
SELECT
    session_id,
    multiIf(
        {sort:String} = 'cost', ifNull(toInt64(toDecimal128(cost_usd, 9) * 1000000000), -1),
        {sort:String} = 'duration', if(ended_ns > 0, ended_ns, last_seen_ns) - started_ns,
        {sort:String} = 'errors', toInt64(episodes),
        {sort:String} = 'interventions', toInt64(interventions),
        {sort:String} = 'spans', toInt64(span_count),
        {sort:String} = 'tokens', toInt64(arraySum(model_input) + arraySum(model_output)),
        {sort:String} = 'last_seen', last_seen_ns,
        started_ns
    ) * if({descending:UInt8} = 1, -1, 1) AS position
FROM sessions FINAL
WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
  AND (position, session_id) > ({after_position:Int64}, {after_id:String})
ORDER BY position, session_id
LIMIT {limit:UInt32}
