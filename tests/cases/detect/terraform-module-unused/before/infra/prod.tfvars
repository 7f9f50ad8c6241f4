size = "t3.small"
