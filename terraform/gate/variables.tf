variable "name" {
  description = "Prefix of every name, such as credcoin-production."
  type        = string
}

variable "image_parameter" {
  description = "Name of the SSM parameter with the machine image's id. Not owned by Terraform, and read when an instance is made."
  type        = string
}

variable "configuration_parameter" {
  description = "Name of the SSM parameter to make for the gates' TOML."
  type        = string
}

variable "control_parameter" {
  description = "Name of the SSM parameter to make for where the gates take orders: a JSON list that dco reads."
  type        = string
}

variable "key_secret_arn" {
  description = "ARN of the secret with JSON of key (64 hexadecimal digits) with which dco gives orders. Not owned by Terraform; its value is never read here."
  type        = string
}

variable "record_bucket" {
  description = "The bucket in which decisions are kept, under switches/: dco's own."
  type        = string
}

variable "ports" {
  description = "By the database's name: the port on which the gates speak for it."
  type        = map(number)
}

# Apart from ports, because addresses hang on the databases' modules, which hang on where the gates are.
variable "databases" {
  description = "By the database's name: where its servers are by colour, which of them serves until a first switch is decided, and the parameter that leads clients past the gates."
  type = map(object({
    addresses        = map(string)
    serves           = string
    bypass_parameter = optional(string)
  }))
}

variable "subnet_ids" {
  description = "Private subnets by zone: in each stands one gate."
  type        = map(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "Name a subnet at least: without gates leave the module out."
  }
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "security_group_ids" {
  description = "Security groups of the instances and of the balancer."
  type        = list(string)
}

variable "balancer" {
  description = "Whether a network load balancer stands before the gates. Without one there is one gate, whose address clients read."
  type        = bool
  default     = true
}

variable "control_port" {
  description = "Port on which the gates take orders."
  type        = number
  default     = 7690
}

variable "drain_seconds" {
  description = "How long a gate that ends waits for running transactions."
  type        = number
  default     = 30
}

variable "instance_type" {
  description = "Size of an instance."
  type        = string
  default     = "c6i.large"
}

variable "tags" {
  description = "Tags of everything, beyond Name."
  type        = map(string)
  default     = {}
}
