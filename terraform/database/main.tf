# A database's instances, blue and green, each there while the slot says so, and their data on volumes that outlive them.

locals {
  name = "${var.name}-${var.database}"
  tags = merge(var.tags, { "dco:database" = var.database })
  marks = { for colour in ["blue", "green"] : colour => {
    Name         = "${local.name}-${colour}"
    "dco:colour" = colour
  } }
}

resource "aws_instance" "this" {
  for_each = local.running

  ami                    = each.value.image
  instance_type          = var.instance_type
  subnet_id              = var.subnet_id
  vpc_security_group_ids = var.security_group_ids
  iam_instance_profile   = aws_iam_instance_profile.this.name

  user_data = templatefile("${path.module}/boot.sh", {
    database          = var.database
    colour            = each.key
    snapshot          = each.value.snapshot
    region            = data.aws_region.current.id
    slot_parameter    = var.slot_parameter
    servers_parameter = var.servers_parameter
    secret_id         = var.secret_arn
    plugin_secret_id  = var.plugin_secret_arn == null ? "" : var.plugin_secret_arn
    device            = var.device
    heap              = var.heap
    page_cache        = var.page_cache
    jvm_options       = var.jvm_options
    log_retention     = var.log_retention
  })

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  root_block_device {
    encrypted = true
  }

  tags = merge(local.tags, local.marks[each.key])

  lifecycle {
    # An instance ends by its slot alone. What would replace it is read when it is made and never again: a new image
    # is the other colour's, and a changed script would stop and start the instance and still not run again.
    ignore_changes = [ami, root_block_device, subnet_id, user_data]

    precondition {
      condition     = alltrue([for colour, there in local.has_instance : !there || contains(keys(local.kept), colour)])
      error_message = "There is an instance of ${local.name} that its slot does not name. Name it in other, as following or as retired: an instance ends only by being retired."
    }

    precondition {
      condition     = local.has_volume[local.serves] || !local.has_volume[local.idle]
      error_message = "The slot of ${local.name} says that ${local.serves} serves, but its data are on ${local.idle}'s volume: ${local.serves} would be empty. A colour follows before it serves."
    }

    precondition {
      condition = alltrue([for other in local.others : other.state == "following" || (
        other.state == "retired" && try(coalesce(other.comparison), "") != "" && try(coalesce(other.backup), "") != "" && local.has_instance[local.serves]
      )])
      error_message = "The other of ${local.name} is following, or it is retired: then comparison and backup say what proved that nothing is lost, and ${local.serves} runs."
    }
  }
}

resource "aws_ebs_volume" "data" {
  for_each = local.kept

  availability_zone = var.zone
  size              = var.volume_size
  snapshot_id       = each.value.snapshot == "" ? null : each.value.snapshot
  type              = "gp3"
  encrypted         = true
  final_snapshot    = true

  tags = merge(local.tags, local.marks[each.key])

  lifecycle {
    # As above: nothing of it may force another volume.
    ignore_changes = [availability_zone, encrypted, snapshot_id]
  }
}

resource "aws_volume_attachment" "data" {
  for_each = local.running

  device_name                    = var.device
  instance_id                    = aws_instance.this[each.key].id
  volume_id                      = aws_ebs_volume.data[each.key].id
  stop_instance_before_detaching = true
}

resource "aws_ssm_parameter" "uri" {
  name        = var.uri_parameter
  description = "Where clients find ${var.database}."
  type        = "String"
  value       = coalesce(var.gate_uri, local.addresses[local.serves])

  tags = local.tags

  # Whoever destroys an instance or a volume by hand destroys what depends on it, too: this refuses.
  depends_on = [aws_volume_attachment.data]

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_ssm_parameter" "addresses" {
  name        = var.addresses_parameter
  description = "Where each server of ${var.database} that runs is, by its colour."
  type        = "String"
  value       = jsonencode(local.addresses)

  tags = local.tags
}

# Made once and dco's from then on: the stream carries the source's log to whoever follows it.
resource "aws_ssm_parameter" "servers" {
  name        = var.servers_parameter
  description = "Which server of ${var.database} the stream reads, and which one follows it."
  type        = "String"
  value       = jsonencode({ source = local.addresses[local.serves] })

  tags = local.tags

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [value]
  }
}

locals {
  addresses = { for colour, instance in aws_instance.this : colour => "bolt://${instance.private_ip}:7687" }
}

moved {
  from = aws_instance.this
  to   = aws_instance.this["blue"]
}

moved {
  from = aws_ebs_volume.data
  to   = aws_ebs_volume.data["blue"]
}

moved {
  from = aws_volume_attachment.data
  to   = aws_volume_attachment.data["blue"]
}
