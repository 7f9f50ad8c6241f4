"""Readers of code by meaning: what runs differently, and what only reads differently."""
