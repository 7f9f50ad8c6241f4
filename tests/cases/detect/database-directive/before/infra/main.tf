terraform {
  backend "s3" {}
}
resource "aws_instance" "neo4j" {
  ami = "%{ if true }${local.x}%{ endif }"
}
locals {
  x = 1
}
