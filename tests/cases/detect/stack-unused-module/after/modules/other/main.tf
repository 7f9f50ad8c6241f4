resource "aws_eip" "y" {}
