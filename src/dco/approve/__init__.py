"""Whether a plan may start: policy, calendar, and what people said. Pure."""
