-- The links of some nodes of the graph that makes sessions out of traces.
SELECT DISTINCT
    node,
    peer
FROM session_links
WHERE project_id = {project_id:String}
  AND node IN {nodes:Array(String)}
