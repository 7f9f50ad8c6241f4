"""What `make setup` runs, on the system's own Python, before anything is installed: the standard library only."""
