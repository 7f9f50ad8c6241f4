"""CloudTrail's event history: the writes that a world has served, by whom, with what they asked for."""
