"""The AWS that fits on a laptop."""
