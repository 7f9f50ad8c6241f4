variable "name" {
  description = "Prefix of every name, such as credcoin-production."
  type        = string
}

variable "cidr" {
  description = "The network's addresses: a /16, cut into /24 subnets."
  type        = string
  default     = "10.20.0.0/16"
}

variable "zones" {
  description = "Availability zones, two at least: a load balancer asks for two."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 10
    error_message = "Name two to ten availability zones."
  }
}

variable "egress" {
  description = "How private subnets reach AWS: nat, endpoints, or none."
  type        = string
  default     = "nat"

  validation {
    condition     = contains(["nat", "endpoints", "none"], var.egress)
    error_message = "egress is one of nat, endpoints, none."
  }
}

variable "nat_per_zone" {
  description = "One NAT gateway in each zone (outlives the loss of a zone) or one for all (cheaper)."
  type        = bool
  default     = false
}

variable "listener_ports" {
  description = "Ports on which clients reach the load balancer."
  type        = list(number)
  default     = [443]
}

variable "client_cidrs" {
  description = "Who may reach the load balancer."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "service_port" {
  description = "Port on which tasks listen."
  type        = number
  default     = 8080
}

variable "database_port" {
  description = "Port on which databases speak Bolt."
  type        = number
  default     = 7687
}

variable "gate" {
  description = "Whether there are gates, through which the service reaches the databases."
  type        = bool
  default     = false
}

variable "direct" {
  description = "Whether the service reaches the databases past the gates, too. With gates: only while it is being put behind them, or past them when they are dead."
  type        = bool
  default     = true
}

variable "gate_ports" {
  description = "Ports on which gates speak Bolt, one a database."
  type        = list(number)
  default     = [7687, 7688]
}

variable "gate_control_port" {
  description = "Port on which gates take orders."
  type        = number
  default     = 7690
}

variable "break_glass_cidrs" {
  description = "Addresses from which a person may reach the databases when everything else is dead; none by default."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of everything, beyond Name."
  type        = map(string)
  default     = {}
}
