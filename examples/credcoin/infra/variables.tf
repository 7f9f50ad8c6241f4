# What differs between environments. Give it with -var-file=<environment>.tfvars; a later -var-file wins.
#
#   what and where       environment, region, zones
#   network              vpc_cidr, egress, listener_port, certificate_arn, client_cidrs, break_glass_cidrs
#   application          api_min_tasks, api_max_tasks, api_cpu, api_memory, api_environment, singleton
#   databases            database_instance_type, database_volume_size, database_heap, database_page_cache,
#                        database_jvm_options
#   gates                gates, gate_instance_type, past_gates
#   backups              keep
#   health               health_check_interval_seconds, health_check_timeout_seconds,
#                        health_check_grace_seconds, deregistration_delay_seconds
#   logs and alarms      log_retention_days, alarm_actions
#   dco                  runner_trusted_arns, runner_policy_arns
#
# A sandbox adds one file of its own: vpc_cidr, listener_port, egress = "none", one gate and small databases.

variable "environment" {
  description = "dev, staging or production."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "environment is one of dev, staging, production."
  }
}

variable "region" {
  description = "The AWS region."
  type        = string
  default     = "eu-central-1"
}

variable "zones" {
  description = "Letters of the availability zones within the region."
  type        = list(string)
  default     = ["a", "b"]
}

variable "vpc_cidr" {
  description = "The network's addresses, a /16: public subnets begin at x.y.10.0/24, private ones at x.y.20.0/24."
  type        = string
}

variable "egress" {
  description = "How private subnets reach AWS: nat, endpoints, or none."
  type        = string
  default     = "nat"
}

variable "listener_port" {
  description = "Port on which clients reach the load balancer."
  type        = number
  default     = 80
}

variable "certificate_arn" {
  description = "Certificate for HTTPS; null for plain HTTP."
  type        = string
  default     = null
}

variable "client_cidrs" {
  description = "Who may reach the load balancer."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "api_min_tasks" {
  description = "How many tasks of the API run at least."
  type        = number
  default     = 2
}

variable "api_max_tasks" {
  description = "How many tasks of the API run at most."
  type        = number
  default     = 4
}

variable "api_cpu" {
  description = "CPU units of a task of the API."
  type        = number
  default     = 256
}

variable "api_memory" {
  description = "Memory of a task of the API in MiB."
  type        = number
  default     = 512
}

variable "api_environment" {
  description = "Further environment of the API, such as OFFERING_CRON."
  type        = map(string)
  default     = {}
}

variable "singleton" {
  description = "True when the offering is a cron inside the API: then two tasks must never run side by side."
  type        = bool
  default     = false
}

variable "database_instance_type" {
  description = "Size of a database instance."
  type        = string
  default     = "r6i.large"
}

variable "database_volume_size" {
  description = "Size of a database's data volume in GiB."
  type        = number
  default     = 50
}

variable "database_heap" {
  description = "Neo4j's heap."
  type        = string
  default     = "4g"
}

variable "database_page_cache" {
  description = "Neo4j's page cache."
  type        = string
  default     = "6g"
}

variable "database_jvm_options" {
  description = "Further options of Neo4j's JVM."
  type        = list(string)
  default     = ["-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError"]
}

variable "gates" {
  description = "How many gates stand before the databases: none, one, or one in each of several zones behind a network load balancer."
  type        = number
  default     = 2
}

variable "gate_instance_type" {
  description = "Size of a gate's instance."
  type        = string
  default     = "c6i.large"
}

variable "past_gates" {
  description = "Whether the application may reach the databases past the gates: while it is being put behind them, or when they are dead."
  type        = bool
  default     = false
}

variable "health_check_interval_seconds" {
  description = "Seconds between two health checks of a task."
  type        = number
  default     = 10
}

variable "health_check_timeout_seconds" {
  description = "Seconds that a health check may take."
  type        = number
  default     = 5
}

variable "health_check_grace_seconds" {
  description = "Seconds after its start in which a task's health does not count."
  type        = number
  default     = 60
}

variable "deregistration_delay_seconds" {
  description = "Seconds that running requests have when a task is taken out."
  type        = number
  default     = 15
}

variable "log_retention_days" {
  description = "How long log lines are kept."
  type        = number
  default     = 30
}

variable "alarm_actions" {
  description = "ARNs told when an alarm fires and ends."
  type        = list(string)
  default     = []
}

variable "runner_trusted_arns" {
  description = "Who may work as dco; empty for this account's administrators."
  type        = list(string)
  default     = []
}

variable "runner_policy_arns" {
  description = "Managed policies with what Terraform needs to apply this stack as dco."
  type        = list(string)
  default     = []
}

variable "break_glass_cidrs" {
  description = "Addresses from which a person may reach the databases when everything else is dead."
  type        = list(string)
  default     = []
}

variable "keep" {
  description = "How backups are made and how long they are kept, see the stream's module."
  type = object({
    segment_seconds = optional(number)
    base_hours      = optional(number)
    days            = optional(number)
    share           = optional(number)
    log_limit_mb    = optional(number, 8192)
  })
  default = {}
}
