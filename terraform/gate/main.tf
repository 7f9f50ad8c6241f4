# The gates: in each zone one instance that speaks for every database, and a balancer before them if there are several.
#
# Which server serves is said by the record in dco's bucket alone. A gate that is made anew asks it and goes on.

data "aws_ssm_parameter" "image" {
  name = var.image_parameter
}

locals {
  tags = merge(var.tags, { Name = "${var.name}-gate" })

  # Where clients find the gates: one address that outlives each of them, or that of the only one.
  host    = var.balancer ? aws_lb.this[0].dns_name : values(aws_instance.this)[0].private_ip
  uris    = { for name, port in var.ports : name => "bolt://${local.host}:${port}" }
  control = [for zone in sort(keys(var.subnet_ids)) : "http://${aws_instance.this[zone].private_ip}:${var.control_port}"]

  # What dco-gate reads, as TOML: JSON's strings and numbers are TOML's, too. Each gate puts its own address in the
  # place of @address@, so that all of them have one configuration.
  configuration = join("\n", concat(
    ["state_directory = \"state\"", "drain_seconds = ${var.drain_seconds}"],
    ["", "[record]", "bucket = ${jsonencode(var.record_bucket)}"],
    ["", "[control]", "listen = \"@address@:${var.control_port}\"", "key_file = \"gate.key\""],
    flatten([for name in sort(keys(var.databases)) : concat(
      [
        "", "[databases.${name}]",
        "listen = \"@address@:${var.ports[name]}\"",
        "advertised = \"${var.balancer ? local.host : "@address@"}:${var.ports[name]}\"",
        "serves = ${jsonencode(var.databases[name].serves)}",
        "servers = { ${join(", ", [for colour in sort(keys(var.databases[name].addresses)) : "${colour} = ${jsonencode(var.databases[name].addresses[colour])}"])} }",
      ],
      [for parameter in compact([var.databases[name].bypass_parameter]) : "bypass_parameter = ${jsonencode(parameter)}"],
    )]),
    [""],
  ))
}

# A parameter and not a part of the script: a gate takes it by dco-gate-configure, at any time. What it says of servers
# counts until a first decision; from then on the record does, so that a redeploy needs no gate to read this again.
resource "aws_ssm_parameter" "configuration" {
  name        = var.configuration_parameter
  description = "What the gates speak for; a gate reads it at its first boot and by dco-gate-configure."
  type        = "String"
  value       = local.configuration

  tags = local.tags
}

resource "aws_ssm_parameter" "control" {
  name        = var.control_parameter
  description = "Where the gates take dco's orders."
  type        = "String"
  value       = jsonencode(local.control)

  tags = local.tags
}

resource "aws_instance" "this" {
  for_each = var.subnet_ids

  ami                    = data.aws_ssm_parameter.image.insecure_value
  instance_type          = var.instance_type
  subnet_id              = each.value
  vpc_security_group_ids = var.security_group_ids
  iam_instance_profile   = aws_iam_instance_profile.this.name

  # The parameter by its name and not by its resource: that one names the databases' servers, and the databases'
  # modules name the gates. An instance that is sooner than the parameter waits for it.
  user_data = templatefile("${path.module}/boot.sh", {
    region                  = data.aws_region.current.id
    configuration_parameter = var.configuration_parameter
    key_secret_id           = var.key_secret_arn
    control_port            = var.control_port
    stop_seconds            = var.drain_seconds + 30
  })

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  root_block_device {
    encrypted = true
  }

  tags = merge(local.tags, { Name = "${var.name}-gate-${each.key}" })

  lifecycle {
    # A new image or script is taken by making an instance anew, by hand, one after the other: terraform apply
    # -replace. What was connected to it connects to another gate, or waits for the new one.
    ignore_changes = [ami, user_data]

    precondition {
      condition     = var.balancer || length(var.subnet_ids) == 1
      error_message = "Without a balancer clients can know only one gate: name one subnet, or set balancer."
    }
  }

  depends_on = [aws_iam_role_policy.this]
}
