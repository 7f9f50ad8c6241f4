terraform {
  backend "s3" {}
}
resource "aws_instance" "neo4j" {
  ami = <<EOT
${local.x}
EOT
}
locals {
  x = 2
}
