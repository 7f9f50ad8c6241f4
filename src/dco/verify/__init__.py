"""Whether what serves is what was planned, read back from the running system."""
