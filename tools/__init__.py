"""What must work before anything is installed: the environment, the private PostgreSQL, the supervisor.

Standard library only, Python 3.11. Start it as ``python3 -m tools COMMAND`` from the checkout.
"""
