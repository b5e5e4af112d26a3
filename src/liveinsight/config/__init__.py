"""The settings of one installation: what there are, and how they are read."""
