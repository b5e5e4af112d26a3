"""Events from files of other times and tools."""
