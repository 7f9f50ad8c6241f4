"""Finds what differs from the release record: one file per source, each change with its evidence."""
