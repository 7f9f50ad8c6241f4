resource "aws_db_instance" "d" {
  deletion_protection = true
}
resource "aws_s3_bucket" "b" {
  lifecycle {
    prevent_destroy = true
  }
}
resource "aws_rds_cluster" "c" {
  deletion_protection = var.keep
}
