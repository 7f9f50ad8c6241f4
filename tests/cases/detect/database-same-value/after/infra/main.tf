terraform {
  backend "s3" {}
}
resource "aws_instance" "neo4j" {
  ami = "a"
}
locals {
  x = "a"
}
