data "aws_ami" "neo4j" {
  most_recent = true
  owners      = ["x"]
}
resource "aws_instance" "db" {
  ami = data.aws_ami.neo4j.id
  disable_api_termination = true
}
