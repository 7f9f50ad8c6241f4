terraform {
  required_version = "~> 1.11"
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
  backend "s3" {
    bucket       = "states"
    use_lockfile = true
  }
}
