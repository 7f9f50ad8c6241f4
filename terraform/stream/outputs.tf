output "bucket" {
  description = "The bucket with the backups."
  value       = aws_s3_bucket.this.id
}

output "bucket_arn" {
  description = "The bucket's ARN."
  value       = aws_s3_bucket.this.arn
}

output "instance_id" {
  description = "The instance."
  value       = aws_instance.this.id
}

output "role_arn" {
  description = "The stream's role."
  value       = aws_iam_role.this.arn
}
