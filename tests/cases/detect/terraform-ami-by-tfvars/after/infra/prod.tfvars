size = "t3.small"
image = "ami-3"
