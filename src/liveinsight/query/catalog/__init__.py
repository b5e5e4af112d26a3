"""The catalogue: every metric and dimension as data, a row each."""
