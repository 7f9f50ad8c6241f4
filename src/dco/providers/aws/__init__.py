"""The seams that AWS implements."""
