size = "t3.small"
other = 1
