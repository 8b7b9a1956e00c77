"""Code answers: find the code, run it against its tests, say what came of it."""
