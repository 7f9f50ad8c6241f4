# size
size="t3.small"