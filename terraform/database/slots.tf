# What the slot says is there, and what keeps a plan from ending anything else.

data "aws_ssm_parameter" "slot" {
  name = var.slot_parameter
}

# What is there in truth, whatever the slot and the state say.
data "aws_instances" "there" {
  for_each = toset(["blue", "green"])

  instance_state_names = ["pending", "running", "stopping", "stopped"]

  filter {
    name   = "tag:Name"
    values = ["${local.name}-${each.key}"]
  }
}

data "aws_ebs_volumes" "there" {
  for_each = toset(["blue", "green"])

  filter {
    name   = "tag:Name"
    values = ["${local.name}-${each.key}"]
  }
}

locals {
  # insecure_value: a slot is no secret, and a plan should show which image it names.
  slot   = jsondecode(data.aws_ssm_parameter.slot.insecure_value)
  serves = local.slot.colour
  idle   = local.serves == "blue" ? "green" : "blue"
  others = [for other in [try(local.slot.other, null)] : other if other != null]

  # By colour: whose volume is kept, and of those, which have an instance.
  kept = merge(
    { for colour in [local.serves] : colour => { image = local.slot.image, state = "serving", snapshot = "" } },
    { for other in local.others : local.idle => {
      image    = try(other.image, local.slot.image)
      state    = other.state
      snapshot = try(coalesce(other.snapshot), "")
    } },
  )
  running = { for colour, one in local.kept : colour => one if one.state != "retired" }

  has_instance = { for colour, found in data.aws_instances.there : colour => length(found.ids) > 0 }
  has_volume   = { for colour, found in data.aws_ebs_volumes.there : colour => length(found.ids) > 0 }
}
