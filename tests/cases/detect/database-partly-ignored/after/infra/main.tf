terraform {
  backend "s3" {}
}
resource "aws_instance" "neo4j" {
  ami = "b"
  lifecycle {
    ignore_changes = [tags["x"]]
  }
}
