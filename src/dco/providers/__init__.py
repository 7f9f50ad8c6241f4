"""Implementations of the seams: the only users of AWS, of the database driver and of other programs."""
