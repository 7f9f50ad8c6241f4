variable "db_password" {
  default   = "hunter22"
  sensitive = true
}
