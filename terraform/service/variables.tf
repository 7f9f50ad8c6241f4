variable "name" {
  description = "Prefix of every name, such as credcoin-production; also the load balancer's name."
  type        = string
}

variable "service" {
  description = "The service's own name, such as api; also its container's."
  type        = string
}

variable "cluster_arn" {
  description = "The ECS cluster."
  type        = string
}

variable "cluster_name" {
  description = "The ECS cluster's name, for autoscaling."
  type        = string
}

variable "image_parameter" {
  description = "Name of the SSM parameter with the image by digest. Not owned by Terraform: dco writes it."
  type        = string
}

variable "repository_arn" {
  description = "ARN of the ECR repository that the image is in."
  type        = string
}

variable "log_group" {
  description = "Name of the log group to make."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "balancer_subnet_ids" {
  description = "Subnets of the load balancer, in two zones at least."
  type        = list(string)
}

variable "balancer_security_group_ids" {
  description = "Security groups of the load balancer."
  type        = list(string)
}

variable "service_subnet_ids" {
  description = "Subnets of the tasks."
  type        = list(string)
}

variable "service_security_group_ids" {
  description = "Security groups of the tasks."
  type        = list(string)
}

variable "command" {
  description = "Command of the container; null leaves the image's own."
  type        = list(string)
  default     = null
}

variable "port" {
  description = "Port on which a task listens."
  type        = number
  default     = 8080
}

variable "cpu" {
  description = "CPU units of a task."
  type        = number
  default     = 256
}

variable "memory" {
  description = "Memory of a task in MiB."
  type        = number
  default     = 512
}

variable "environment" {
  description = "Environment of the container."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Environment from SSM parameters and Secrets Manager: name to ARN, for one key of a secret ARN:key::."
  type        = map(string)
  default     = {}
}

variable "task_policy" {
  description = "JSON policy of what the code may do; null for nothing."
  type        = string
  default     = null
}

variable "stop_timeout" {
  description = "Seconds between TERM and KILL when a task is stopped."
  type        = number
  default     = 30
}

variable "min_tasks" {
  description = "How many tasks run at least; also the number at the beginning."
  type        = number
  default     = 2
}

variable "max_tasks" {
  description = "How many tasks run at most."
  type        = number
  default     = 6
}

variable "cpu_target_percent" {
  description = "Average CPU that autoscaling aims at."
  type        = number
  default     = 60
}

variable "singleton" {
  description = "True when two tasks must never run side by side, such as with a scheduler inside. Then there is a gap while it rolls, and no autoscaling."
  type        = bool
  default     = false
}

variable "minimum_healthy_percent" {
  description = "Share of the tasks that serves at any time of a rollout."
  type        = number
  default     = 100
}

variable "maximum_percent" {
  description = "Share of the tasks that may run at any time of a rollout."
  type        = number
  default     = 200
}

variable "wait_for_steady_state" {
  description = "Whether an apply waits until the rollout is over. dco looks for itself."
  type        = bool
  default     = false
}

variable "health_check_path" {
  description = "Path of the health check."
  type        = string
  default     = "/health"
}

variable "health_check_interval_seconds" {
  description = "Seconds between two health checks."
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

variable "listener_port" {
  description = "Port on which clients reach the load balancer."
  type        = number
  default     = 443
}

variable "certificate_arn" {
  description = "Certificate for HTTPS; null for plain HTTP."
  type        = string
  default     = null
}

variable "ssl_policy" {
  description = "Which TLS versions and ciphers are offered."
  type        = string
  default     = "ELBSecurityPolicy-TLS13-1-2-2021-06"
}

variable "internal" {
  description = "Whether the load balancer is for the network alone."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether the load balancer refuses to be deleted."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "How long log lines are kept."
  type        = number
  default     = 30
}

variable "alarm_5xx_per_minute" {
  description = "How many server errors a minute are too many."
  type        = number
  default     = 5
}

variable "alarm_latency_seconds" {
  description = "How slow the slowest twentieth may be."
  type        = number
  default     = 1
}

variable "alarm_actions" {
  description = "ARNs told when an alarm fires and ends, such as an SNS topic."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
