"""EC2 made real: an instance is a directory and the processes that its user data started in it."""
