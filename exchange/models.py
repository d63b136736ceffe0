"""Models of the import: they follow with the engine."""
