"""A Bolt endpoint that can go on with another server: its own process, which knows nothing of `dco`."""
