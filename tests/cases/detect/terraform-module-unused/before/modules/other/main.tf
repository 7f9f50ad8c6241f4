variable "x" {}
resource "aws_sns_topic" "t" {}
