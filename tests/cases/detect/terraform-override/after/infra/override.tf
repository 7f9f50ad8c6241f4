resource "aws_instance" "neo4j" {
  ami = "ami-7"
}
