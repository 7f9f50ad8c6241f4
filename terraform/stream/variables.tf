variable "name" {
  description = "Prefix of every name, such as credcoin-production."
  type        = string
}

variable "bucket" {
  description = "Name of the bucket to make for backups."
  type        = string
}

variable "image_parameter" {
  description = "Name of the SSM parameter with the machine image's id. Not owned by Terraform, and read when the instance is made."
  type        = string
}

variable "configuration_parameter" {
  description = "Name of the SSM parameter to make for the stream's TOML."
  type        = string
}

variable "databases" {
  description = "By the database's name: the parameter that says which servers it has, the secret with its login, the secret with the plugin's key."
  type = map(object({
    servers_parameter = string
    secret_arn        = string
    plugin_secret_arn = string
  }))
}

variable "subnet_id" {
  description = "The private subnet."
  type        = string
}

variable "security_group_ids" {
  description = "Security groups of the instance."
  type        = list(string)
}

variable "instance_type" {
  description = "Size of the instance."
  type        = string
  default     = "t3.small"
}

variable "prefix" {
  description = "Under which keys in the bucket, ending with a slash."
  type        = string
  default     = "stream/"
}

variable "keep" {
  description = "How backups are made and how long they are kept; what is null is as dco-stream has it."
  type = object({
    segment_seconds = optional(number)
    base_hours      = optional(number)
    days            = optional(number)
    share           = optional(number)
    log_limit_mb    = optional(number, 8192)
  })
  default = {}
}

variable "deleted_days" {
  description = "How long the bucket keeps what was deleted or written over."
  type        = number
  default     = 7
}

variable "tags" {
  description = "Tags of everything, beyond Name."
  type        = map(string)
  default     = {}
}
