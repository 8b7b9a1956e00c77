"""The addresses that are served, by noun."""
