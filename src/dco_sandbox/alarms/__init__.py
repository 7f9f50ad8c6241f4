"""CloudWatch made real for load balancers: their metrics are measured and alarms are evaluated."""
