environment = "staging"
vpc_cidr    = "10.21.0.0/16"

api_min_tasks = 1
api_max_tasks = 2

database_instance_type = "r6i.large"
log_retention_days     = 14
