resource "aws_s3_bucket" "j" {
  bucket = "${local.name}-j"
  tags = { a = "1" }
}
