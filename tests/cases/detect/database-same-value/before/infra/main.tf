terraform {
  backend "s3" {}
}
resource "aws_instance" "neo4j" {
  ami = local.x
}
locals {
  x = "a"
}
