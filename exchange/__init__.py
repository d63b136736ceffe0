"""How does data come in and go out? Reading, mapping and importing files."""
