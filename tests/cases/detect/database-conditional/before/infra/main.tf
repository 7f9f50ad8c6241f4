terraform {
  backend "s3" {}
}
resource "aws_instance" "neo4j" {
  ami = var.x == "" ? "a" : "b"
}
variable "x" {}
