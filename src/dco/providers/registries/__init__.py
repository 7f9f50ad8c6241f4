"""Registries over HTTP: what is published, known to be vulnerable, or near its end."""
