terraform {
  required_version = ">= 1.5"
  backend "s3" {
    bucket = "state"
    key    = "main"
  }
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
}

provider "aws" {
  region = "eu-central-1"
}

variable "image" {
  type    = string
  default = "ami-1"
}

variable "size" {
  type    = string
  default = "t3.small"
}

locals {
  name = "shop"
  tags = { team = "money" }
}

data "aws_ami" "linux" {
  most_recent = true
  owners      = ["amazon"]
  filter {
    name   = "name"
    values = ["al2023-*"]
  }
}

resource "aws_instance" "neo4j" {
  ami           = var.image
  instance_type = "t3.small"
  user_data     = templatefile("${path.module}/boot.sh", { name = local.name })
  tags          = local.tags

  root_block_device {
    volume_size = 20
  }
}

resource "aws_instance" "search_db" {
  ami           = data.aws_ami.linux.id
  instance_type = var.size
  lifecycle {
    ignore_changes = [user_data, tags]
  }
}

module "store" {
  source = "./store"
  name   = local.name
}

resource "aws_security_group" "web" {
  name = "web"
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_ecs_service" "api" {
  name          = "api"
  desired_count = 2
}

output "note" {
  value = <<-TEXT
    two words
      indented
  TEXT
}
