"""What is looked at apart from the nights: whether everything that a night needs is there."""
