environment = "dev"
vpc_cidr    = "10.22.0.0/16"

api_min_tasks = 1
api_max_tasks = 1

database_instance_type = "t3.medium"
database_volume_size   = 10
database_heap          = "1g"
database_page_cache    = "512m"
log_retention_days     = 3
