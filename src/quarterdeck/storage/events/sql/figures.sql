-- The counts and sums behind every rate, by time bucket and by up to two dimensions.
--
-- Each session counts once per value it has of a dimension: a session with two models stands in both
-- their rows, and the rows then add up to more than all sessions; one without any stands at ''.  Cost, tokens and calls are those
-- of the value itself (that model's cost, not the whole session's) where one dimension is agent,
-- model or tool; with two such dimensions nobody knows them and they are NULL.
-- `part` says which: '' whole sessions, 'agent', 'model', 'tool' that value's part, '?' unknown.
WITH
    multiIf(
        {by_1:String} IN ('agent', 'model', 'tool') AND {by_2:String} IN ('agent', 'model', 'tool')
            AND {by_1:String} != {by_2:String}, '?',
        {by_1:String} IN ('agent', 'model', 'tool'), {by_1:String},
        {by_2:String} IN ('agent', 'model', 'tool'), {by_2:String},
        ''
    ) AS part
SELECT
    if({bucket_ns:Int64} = 0, 0, intDiv(started_ns, {bucket_ns:Int64}) * {bucket_ns:Int64}) AS bucket_ns,
    value_1,
    value_2,
    toInt64(count())                                         AS sessions,
    toInt64(countIf(one.outcome = 'success'))                AS successes,
    toInt64(countIf(one.outcome = 'success_partial'))        AS partial_successes,
    toInt64(countIf(one.outcome = 'failure'))                AS failures,
    toInt64(countIf(one.outcome = 'abandoned'))              AS abandoned,
    toInt64(countIf(one.outcome = 'interrupted'))            AS interrupted,
    toInt64(countIf(one.outcome != 'unknown'))               AS known_outcomes,
    toInt64(countIf(one.interventions > 0))                  AS intervened,
    toInt64(sum(one.interventions))                          AS interventions,
    toFloat64(sum(one.waited_ns)) / 1e9                      AS waited_s,
    toInt64(sum(one.episodes))                               AS episodes,
    toInt64(sum(one.recovered))                              AS recovered,
    toInt64(sum(one.retries))                                AS retries,
    toInt64(sum(one.handoffs))                               AS handoffs,
    toFloat64(sum(one.took_ns)) / 1e9                        AS duration_s,
    sum(pow(one.took_ns / 1e9, 2))                           AS duration_s2,
    toInt64(count(one.quality))                              AS judged,
    toFloat64(ifNull(sum(one.quality), 0))                   AS quality,
    toFloat64(ifNull(sum(pow(one.quality, 2)), 0))           AS quality2,
    sum(one.cost)                                            AS cost_usd,
    toInt64(count(one.cost))                                 AS costed,
    toFloat64(ifNull(sum(pow(toFloat64(one.cost), 2)), 0))   AS cost2,
    sumIf(one.cost, one.outcome = 'success')                 AS success_cost_usd,
    if(part = '', sum(one.wasted_usd), NULL)                 AS wasted_usd,
    sum(one.calls)                                           AS model_calls,
    sum(one.unpriced)                                        AS unpriced_calls,
    sum(one.read_tokens)                                     AS input_tokens,
    sum(one.written_tokens)                                  AS output_tokens,
    sum(one.used)                                            AS tool_calls,
    sum(one.failed)                                          AS tool_errors,
    sum(one.refused)                                         AS tool_denied
FROM (
    SELECT
        started_ns,
        outcome,
        interventions,
        waited_ns,
        episodes,
        recovered,
        retries,
        handoffs,
        quality,
        wasted_usd,
        if(ended_ns > 0, ended_ns, last_seen_ns) - started_ns AS took_ns,
        arrayJoin(multiIf(
            {by_1:String} = 'task_type', [toString(task_type)],
            {by_1:String} = 'workflow', [toString(workflow)],
            {by_1:String} = 'version', [toString(version)],
            {by_1:String} = 'environment', [toString(environment)],
            {by_1:String} = 'outcome', [toString(outcome)],
            {by_1:String} = 'status', [toString(status)],
            {by_1:String} = 'user', [user_id],
            {by_1:String} = 'agent', emptyArrayToSingle(arrayDistinct(arrayMap(x -> toString(x), agents))),
            {by_1:String} = 'model', emptyArrayToSingle(arrayDistinct(arrayMap(x -> toString(x), models))),
            {by_1:String} = 'tool', emptyArrayToSingle(arrayDistinct(arrayMap(x -> toString(x), tools))),
            ['']
        )) AS value_1,
        arrayJoin(multiIf(
            {by_2:String} = 'task_type', [toString(task_type)],
            {by_2:String} = 'workflow', [toString(workflow)],
            {by_2:String} = 'version', [toString(version)],
            {by_2:String} = 'environment', [toString(environment)],
            {by_2:String} = 'outcome', [toString(outcome)],
            {by_2:String} = 'status', [toString(status)],
            {by_2:String} = 'user', [user_id],
            {by_2:String} = 'agent', emptyArrayToSingle(arrayDistinct(arrayMap(x -> toString(x), agents))),
            {by_2:String} = 'model', emptyArrayToSingle(arrayDistinct(arrayMap(x -> toString(x), models))),
            {by_2:String} = 'tool', emptyArrayToSingle(arrayDistinct(arrayMap(x -> toString(x), tools))),
            ['']
        )) AS value_2,
        if({by_1:String} = part, value_1, value_2) AS own,
        arrayMap(x -> part IN ('', 'tool') OR x = own, models)  AS its_models,
        arrayMap(x -> part IN ('', 'model') OR x = own, tools)  AS its_tools,
        arrayMap(x -> x = own, agents)                          AS its_agents,
        arrayFilter((x, is) -> is AND isNotNull(x), if(part = 'agent', agent_cost, model_cost),
            if(part = 'agent', its_agents, its_models))         AS its_costs,
        multiIf(
            part IN ('?', 'tool'), NULL,
            part = '', cost_usd,
            empty(its_costs), NULL,
            toNullable(toDecimal64(arraySum(arrayMap(x -> assumeNotNull(x), its_costs)), 9))
        ) AS cost,
        multiIf(
            part IN ('?', 'tool'), NULL,
            part = 'agent', toNullable(toInt64(arraySum(arrayMap((x, is) -> x * is, agent_models, its_agents)))),
            toNullable(toInt64(arraySum(arrayMap((x, is) -> x * is, model_calls, its_models))))
        ) AS calls,
        multiIf(
            part IN ('?', 'tool', 'agent'), NULL,
            toNullable(toInt64(arraySum(arrayMap((x, is) -> x * is, model_unpriced, its_models))))
        ) AS unpriced,
        multiIf(
            part IN ('?', 'tool', 'agent'), NULL,
            toNullable(toInt64(arraySum(arrayMap((x, is) -> x * is, model_input, its_models))))
        ) AS read_tokens,
        multiIf(
            part IN ('?', 'tool', 'agent'), NULL,
            toNullable(toInt64(arraySum(arrayMap((x, is) -> x * is, model_output, its_models))))
        ) AS written_tokens,
        multiIf(
            part IN ('?', 'model'), NULL,
            part = 'agent', toNullable(toInt64(arraySum(arrayMap((x, is) -> x * is, agent_tools, its_agents)))),
            toNullable(toInt64(arraySum(arrayMap((x, is) -> x * is, sessions.tool_calls, its_tools))))
        ) AS used,
        multiIf(
            part IN ('?', 'model', 'agent'), NULL,
            toNullable(toInt64(arraySum(arrayMap((x, is) -> x * is, sessions.tool_errors, its_tools))))
        ) AS failed,
        multiIf(
            part IN ('?', 'model', 'agent'), NULL,
            toNullable(toInt64(arraySum(arrayMap((x, is) -> x * is, sessions.tool_denied, its_tools))))
        ) AS refused
    FROM sessions FINAL
    WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
) AS one
GROUP BY bucket_ns, value_1, value_2
ORDER BY bucket_ns, sessions DESC, value_1, value_2
LIMIT {limit:UInt32}
