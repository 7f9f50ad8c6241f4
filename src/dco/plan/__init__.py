"""Compiles changes into a plan: pure, nothing outside is touched."""
