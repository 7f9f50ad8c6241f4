resource "aws_db_instance" "d" {
  deletion_protection = true
  password            = "hunter22"
}
provider "aws" {
  secret_key = "abc"
}
