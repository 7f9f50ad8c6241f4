# The stack.
terraform {
  backend "s3" {}
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

variable "size" { default = 1 }

locals {
  name   = "credcoin"
  prefix = "/credcoin/${var.size}"
}

module "service" {
  source = "../modules/service"
  size   = var.size
}

resource "aws_instance" "ledger" {
  ami           = "ami-1" # pinned
  instance_type = "t3.small"
  user_data     = templatefile("${path.module}/boot.sh", { name = local.name, size = var.size })
  tags = {
    Name = "ledger"
    team = "money"
  }

  ebs_block_device {
    device_name = "/dev/sdf"
  }
}

output "note" {
  value = <<-TEXT
    two words
      indented
  TEXT
}
