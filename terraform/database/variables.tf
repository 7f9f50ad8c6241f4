variable "name" {
  description = "Prefix of every name, such as credcoin-production."
  type        = string
}

variable "database" {
  description = "The database's own name, such as ledger."
  type        = string
}

variable "slot_parameter" {
  description = "Name of the SSM parameter with the slot: JSON of image, version and colour, and of the other colour while there is one. Not owned by Terraform."
  type        = string
}

variable "uri_parameter" {
  description = "Name of the SSM parameter to make for the Bolt address that clients read."
  type        = string
}

variable "gate_uri" {
  description = "The Bolt address of the gates before this database; null without any: clients then read the address of the server that serves."
  type        = string
  default     = null
}

variable "addresses_parameter" {
  description = "Name of the SSM parameter to make for the Bolt address of each server that runs: JSON by colour."
  type        = string
}

variable "servers_parameter" {
  description = "Name of the SSM parameter to make for the stream: which server is the source, and which one follows. Terraform makes it and leaves its value alone."
  type        = string
}

variable "plugin_secret_arn" {
  description = "ARN of the secret with JSON of key (64 hexadecimal digits) with which dco calls the database's plugin; the application must not read it. Null: the instance makes a key that nobody else knows, and no other can follow."
  type        = string
  default     = null
}

variable "secret_arn" {
  description = "ARN of the secret with JSON of username and password. Not owned by Terraform; its value is never read here."
  type        = string
}

variable "subnet_id" {
  description = "The private subnet."
  type        = string
}

variable "zone" {
  description = "The subnet's availability zone: the volume must be in the same."
  type        = string
}

variable "security_group_ids" {
  description = "Security groups of the instance."
  type        = list(string)
}

variable "instance_type" {
  description = "Size of the instance."
  type        = string
  default     = "r6i.large"
}

variable "volume_size" {
  description = "Size of the data volume in GiB."
  type        = number
  default     = 50
}

variable "device" {
  description = "Device name of the data volume."
  type        = string
  default     = "/dev/sdf"
}

variable "heap" {
  description = "Neo4j's heap."
  type        = string
  default     = "4g"
}

variable "page_cache" {
  description = "Neo4j's page cache."
  type        = string
  default     = "6g"
}

variable "jvm_options" {
  description = "Further options of Neo4j's JVM."
  type        = list(string)
  default     = ["-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError"]
}

variable "log_retention" {
  description = "How much of its log the database keeps by itself: a last resort, for the stream prunes behind what it has kept."
  type        = string
  default     = "10G size"
}

variable "tags" {
  description = "Tags of everything, beyond Name and dco's own."
  type        = map(string)
  default     = {}
}
