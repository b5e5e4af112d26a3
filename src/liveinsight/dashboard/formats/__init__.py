"""How days are written, where Django's own ways are not clear or do not align."""
