-- What was said of some objects, and of what is a part of them.  Twice the same is one row, the first.
SELECT
    home,
    object,
    part,
    arrived_ns,
    fragment
FROM fragments FINAL
WHERE project_id = {project_id:String}
  AND home IN {homes:Array(String)}
