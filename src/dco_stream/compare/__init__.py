"""Whether two servers hold the same at one transaction, and what differs if not."""
