output "bucket" {
  description = "The bucket."
  value       = aws_s3_bucket.this.id
}

output "bucket_arn" {
  description = "The bucket's ARN."
  value       = aws_s3_bucket.this.arn
}

output "health_log" {
  description = "The log group with AWS Health's events, for [aws_offerings] health_log in dco.toml; null without one."
  value       = one(aws_cloudwatch_log_group.health[*].name)
}

output "role_arn" {
  description = "dco's role."
  value       = aws_iam_role.this.arn
}
