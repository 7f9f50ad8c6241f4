output "bucket" {
  description = "The bucket."
  value       = aws_s3_bucket.this.id
}

output "bucket_arn" {
  description = "The bucket's ARN."
  value       = aws_s3_bucket.this.arn
}

output "role_arn" {
  description = "dco's role."
  value       = aws_iam_role.this.arn
}
