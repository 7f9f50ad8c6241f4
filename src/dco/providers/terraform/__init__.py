"""Terraform and OpenTofu, through their command line."""
