variable "secret_arn" {
  type = string
}
variable "token_ttl" {
  default = 5
}
variable "password" {
  type      = string
  sensitive = true
}
