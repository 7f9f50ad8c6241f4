environment = "production"
vpc_cidr    = "10.20.0.0/16"

api_min_tasks = 2
api_max_tasks = 4

log_retention_days = 30
