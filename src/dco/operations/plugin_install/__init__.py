"""Giving a running database the plugin, by one restart."""
