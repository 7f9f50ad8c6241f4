# One database instance, and its data on a volume that outlives it.

data "aws_ssm_parameter" "slot" {
  name = var.slot_parameter
}

locals {
  # insecure_value: a slot is no secret, and a plan should show which image it names.
  slot = jsondecode(data.aws_ssm_parameter.slot.insecure_value)
  name = "${var.name}-${var.database}"
  tags = merge(var.tags, {
    Name           = local.name
    "dco:database" = var.database
  })
}

resource "aws_instance" "this" {
  ami                    = local.slot.image
  instance_type          = var.instance_type
  subnet_id              = var.subnet_id
  vpc_security_group_ids = var.security_group_ids
  iam_instance_profile   = aws_iam_instance_profile.this.name

  user_data = templatefile("${path.module}/boot.sh", {
    database         = var.database
    region           = data.aws_region.current.id
    slot_parameter   = var.slot_parameter
    secret_id        = var.secret_arn
    plugin_secret_id = var.plugin_secret_arn == null ? "" : var.plugin_secret_arn
    device           = var.device
    heap             = var.heap
    page_cache       = var.page_cache
    jvm_options      = var.jvm_options
  })

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  root_block_device {
    encrypted = true
  }

  tags = merge(local.tags, { "dco:colour" = local.slot.colour })

  lifecycle {
    prevent_destroy = true

    # A slot that names a new image is the database redeploy's business: it makes a second instance, proves it
    # and switches. A plain apply must never replace what holds data, so the image is read at creation only.
    # A changed script would stop and start the instance and still not run again: it, too, is for the next one.
    ignore_changes = [ami, user_data]
  }
}

resource "aws_ebs_volume" "data" {
  availability_zone = var.zone
  size              = var.volume_size
  type              = "gp3"
  encrypted         = true
  final_snapshot    = true

  tags = local.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_volume_attachment" "data" {
  device_name                    = var.device
  instance_id                    = aws_instance.this.id
  volume_id                      = aws_ebs_volume.data.id
  stop_instance_before_detaching = true
}

resource "aws_ssm_parameter" "uri" {
  name        = var.uri_parameter
  description = "Where ${var.database} is."
  type        = "String"
  value       = "bolt://${aws_instance.this.private_ip}:7687"

  tags = local.tags
}
