"""Terraform's language by meaning: its syntax, its JSON form, what a configuration says, and what changes by it."""
