terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.60, < 7"
    }
  }

  # Bucket, key and lock come from <environment>.s3.tfbackend:
  #   terraform init -backend-config=production.s3.tfbackend
  backend "s3" {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project     = "credcoin"
      Environment = var.environment
    }
  }

  # dco marks the revisions that it registers; that is no drift.
  ignore_tags {
    keys = ["dco:token"]
  }
}
