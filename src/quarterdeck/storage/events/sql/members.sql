-- The newest objects of a collection, in the order that they were first heard of.
SELECT object
FROM (
    SELECT object, arrived_ns
    FROM members FINAL
    WHERE project_id = {project_id:String}
      AND collection = {collection:String}
    ORDER BY arrived_ns DESC, object DESC
    LIMIT {most:UInt32}
)
ORDER BY arrived_ns, object
