"""The parts of the `wattline` command that are more than a line."""
