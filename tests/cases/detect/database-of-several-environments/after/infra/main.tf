terraform {
  backend "s3" {}
}
variable "x" {
  default = "b"
}
resource "aws_instance" "neo4j" {
  ami = var.x
}
