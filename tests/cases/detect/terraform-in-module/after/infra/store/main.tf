variable "name" {}

resource "aws_s3_bucket" "files" {
  bucket = "${var.name}-files"
}
