-- The objects of a collection, in the order that they were first heard of.
SELECT object
FROM members FINAL
WHERE project_id = {project_id:String}
  AND collection = {collection:String}
ORDER BY arrived_ns, object
LIMIT {most:UInt32}
