"""Readers of lock files: what they lock, of that what ships."""
