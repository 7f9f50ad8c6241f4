terraform {
  backend "s3" {}
}
resource "aws_instance" "neo4j" {
  ami = local.x[1]
}
locals {
  x = ["1", "2"]
}
