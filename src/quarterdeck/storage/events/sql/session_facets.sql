-- How many of the sessions that a filter lets through have each value of each field, most first, and
-- how many of those failed.
SELECT
    pair.1 AS field,
    pair.2 AS value,
    count() AS sessions,
    countIf(ended != 'unknown') AS known,
    countIf(ended = 'failure') AS failures
FROM (
    SELECT toString(outcome) AS ended, arrayJoin(arrayConcat(
        [
            ('status', toString(status)),
            ('outcome', toString(outcome)),
            ('task_type', toString(task_type)),
            ('workflow', toString(workflow)),
            ('version', toString(version)),
            ('environment', toString(environment)),
            ('user', user_id),
            ('case', toString(case_id))
        ],
        arrayMap(word -> ('agent', toString(word)), arrayDistinct(agents)),
        arrayMap(word -> ('model', toString(word)), arrayDistinct(models)),
        arrayMap(word -> ('tool', toString(word)), arrayDistinct(tools)),
        arrayMap(
            word -> ('failed_tool', toString(word)),
            arrayDistinct(arrayFilter((word, errors) -> errors > 0, tools, tool_errors))
        ),
        arrayMap(word -> ('human', toString(word)), arrayDistinct(human_kinds)),
        arrayMap(word -> ('tag', toString(word)), arrayDistinct(tags)),
        arrayMap(word -> ('finding', toString(word)), arrayDistinct(findings))
    )) AS pair
    FROM sessions FINAL
    WHERE project_id = {project_id:String}
-- include: session_filter.sql
-- include when searching: session_search.sql
)
WHERE value != ''
GROUP BY field, value
ORDER BY field, sessions DESC, value
LIMIT {limit:UInt32} BY field
