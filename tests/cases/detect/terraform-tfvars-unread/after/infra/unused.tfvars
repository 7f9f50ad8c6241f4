size = "m7i.large"
image = "ami-9"
