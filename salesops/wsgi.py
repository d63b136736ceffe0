"""The WSGI entry point: `gunicorn salesops.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from salesops.needed import refuse_without

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")

refuse_without()
application = get_wsgi_application()
