terraform {
  backend "s3" {}
}
variable "x" {
  default = "a"
}
resource "aws_instance" "neo4j" {
  ami = var.x
}
