-- Everything of one project in one table.
DELETE FROM {table}{local}{on_cluster}
WHERE project_id = {project_id:String}
