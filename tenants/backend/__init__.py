"""Django's PostgreSQL backend, which names the organization at every BEGIN."""
