resource "aws_eip" "x" {}
