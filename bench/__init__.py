"""How fast the pages are: a large made-up company, real sessions, the production server, and floors beside it.

Start it with ``make bench``; what it measures is said in docs/benchmarks.md.
"""
