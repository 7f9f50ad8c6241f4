"""Settings → providers → flow: the one place that knows them all."""
