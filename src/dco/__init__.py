"""Wraps a nightly job and redeploys the system in the quiet hour after it."""
