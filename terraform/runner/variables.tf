variable "name" {
  description = "Name of dco's role, such as credcoin-production-dco."
  type        = string
}

variable "bucket" {
  description = "Name of the bucket to make for dco's journal and release records."
  type        = string
}

variable "cluster_arn" {
  description = "The ECS cluster whose services dco rolls."
  type        = string
}

variable "task_families" {
  description = "Families of the task definitions that dco may run, such as the nightly job's."
  type        = list(string)
}

variable "task_role_arns" {
  description = "Roles that dco may hand to tasks: those of its task definitions."
  type        = list(string)
}

variable "parameter_prefix" {
  description = "Prefix of the SSM parameters that dco reads and writes, such as /credcoin/production."
  type        = string
}

variable "secret_arns" {
  description = "Secrets that dco reads, such as the databases' passwords."
  type        = list(string)
  default     = []
}

variable "state_bucket" {
  description = "Bucket with Terraform's state; null when dco does not apply the stack."
  type        = string
  default     = null
}

variable "backup_bucket_arn" {
  description = "The bucket in which the stream keeps backups, from which dco restores; null without one."
  type        = string
  default     = null
}

variable "stack_policy_arns" {
  description = "Managed policies with what Terraform needs to apply the stack."
  type        = list(string)
  default     = []
}

variable "notification_topic_arns" {
  description = "SNS topics that dco tells."
  type        = list(string)
  default     = []
}

variable "build_project_arns" {
  description = "CodeBuild projects that build images for dco."
  type        = list(string)
  default     = []
}

variable "health_log" {
  description = "Whether EventBridge puts AWS Health's events into a log group, from which dco reads them without a support plan."
  type        = bool
  default     = false
}

variable "trusted_arns" {
  description = "Who may take the role on; empty for this account's administrators."
  type        = list(string)
  default     = []
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the role; null for none."
  type        = string
  default     = null
}

variable "retention_mode" {
  description = "Object lock: GOVERNANCE (a privileged person may lift it) or COMPLIANCE (nobody may)."
  type        = string
  default     = "GOVERNANCE"

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.retention_mode)
    error_message = "retention_mode is GOVERNANCE or COMPLIANCE."
  }
}

variable "retention_days" {
  description = "How long a version can't be deleted."
  type        = number
  default     = 90
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
