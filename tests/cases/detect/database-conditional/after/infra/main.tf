terraform {
  backend "s3" {}
}
resource "aws_instance" "neo4j" {
  ami = var.x == "" ? "b" : "a"
}
variable "x" {}
