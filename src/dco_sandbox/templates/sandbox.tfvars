# What a laptop has instead of a data centre. Given after production.tfvars, so that it wins.
vpc_cidr      = "127.${number}.0.0/16"
listener_port = 8080
egress        = "none"
gates         = 1

database_volume_size = 1
database_heap        = "256m"
database_page_cache  = "64m"
database_jvm_options = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

health_check_interval_seconds = 5
health_check_timeout_seconds  = 3
health_check_grace_seconds    = 60
deregistration_delay_seconds  = 5
