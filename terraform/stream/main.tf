# The stream: one small instance that keeps, carries and copies the log of every database.
#
# It holds nothing that is not also in the bucket or in the databases: it may be killed, replaced or started twice.

data "aws_ssm_parameter" "image" {
  name = var.image_parameter
}

locals {
  tags = merge(var.tags, { Name = "${var.name}-stream" })

  # What dco-stream reads, as TOML: JSON's strings and numbers are TOML's, too.
  configuration = join("\n", concat(
    ["[bucket]", "name = ${jsonencode(aws_s3_bucket.this.id)}", "prefix = ${jsonencode(var.prefix)}"],
    ["region = ${jsonencode(data.aws_region.current.id)}", "", "[keep]"],
    [for name, value in var.keep : "${name} = ${jsonencode(value)}" if value != null],
    flatten([for name in sort(keys(var.databases)) : [
      "", "[databases.${name}]",
      "servers = ${jsonencode("ssm:${var.databases[name].servers_parameter}")}",
      "login = ${jsonencode("secret:${var.databases[name].secret_arn}")}",
      "key = ${jsonencode("secret:${var.databases[name].plugin_secret_arn}")}",
    ]]),
    [""],
  ))
}

# A parameter and not a part of the script: it changes in place, and the service reads it whenever it starts.
resource "aws_ssm_parameter" "configuration" {
  name        = var.configuration_parameter
  description = "What dco-stream keeps and carries; it is read when the service starts."
  type        = "String"
  value       = local.configuration

  tags = local.tags
}

resource "aws_instance" "this" {
  ami                    = data.aws_ssm_parameter.image.insecure_value
  instance_type          = var.instance_type
  subnet_id              = var.subnet_id
  vpc_security_group_ids = var.security_group_ids
  iam_instance_profile   = aws_iam_instance_profile.this.name

  user_data = templatefile("${path.module}/boot.sh", {
    region                  = data.aws_region.current.id
    configuration_parameter = aws_ssm_parameter.configuration.name
  })

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  root_block_device {
    encrypted = true
  }

  tags = local.tags

  lifecycle {
    # A new image or script is taken by making the instance anew, by hand: terraform apply -replace. Nothing is lost
    # by it, but for some minutes nobody keeps the log off the databases' hosts.
    ignore_changes = [ami, user_data]
  }

  depends_on = [aws_iam_role_policy.this]
}
