"""Application Load Balancers made real: HAProxy carries the requests, targets are really probed."""
