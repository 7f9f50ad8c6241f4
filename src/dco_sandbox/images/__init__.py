"""Images without a container engine: a Dockerfile's plain subset, stored by digest, run in place."""
