"""Every setting of the project, read from the environment; safe when nothing is set.

DATABASE_URL        the runtime role: owns nothing, bypasses nothing
DATABASE_OWNER_URL  the owner role: migrates, backs up, sets up tests
REDIS_URL           wake-ups and cache by Redis; without it the filesystem
SECRET_KEY, DEBUG, ALLOWED_HOSTS, BASE_URL, BEHIND_PROXY, VAR_DIR, STATIC_ROOT, EMAIL_URL, LOG_FORMAT, LOG_LEVEL,
TEST_DB_NAME: see .env.example, which explains each
"""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from salesops.logs import logging_config
from salesops.needed import on

BASE_DIR = Path(__file__).resolve().parent.parent


def flag(name: str) -> bool:
    """Return whether the environment variable `name` is switched on (1, true, yes, on)."""
    return on(os.environ.get(name, ""))


def database(name: str, fallback: str) -> dict[str, object]:
    """Return Django's settings of the database whose URL stands in the environment variable `name`."""
    parsed = dj_database_url.parse(os.environ.get(name) or fallback, engine="tenants.backend", conn_max_age=600)
    return {
        **parsed,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"options": "-c lock_timeout=5000 -c statement_timeout=60000"},
    }


DEBUG = flag("DEBUG")
BEHIND_PROXY = flag("BEHIND_PROXY")
SECRET_KEY = os.environ.get("SECRET_KEY") or ("insecure-development-key-" + "0" * 40 if DEBUG else "")
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key]
BASE_URL = os.environ.get("BASE_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1").split(",") if host]
VAR_DIR = Path(os.environ.get("VAR_DIR") or BASE_DIR / "var")
REDIS_URL = os.environ.get("REDIS_URL", "")

INSTALLED_APPS = [
    "salesops",
    "coaching",
    "forecasting",
    "activities",
    "funnel",
    "accounts",
    "exchange",
    "jobs",
    "tenants",
    "template_partials.apps.SimpleAppConfig",
    "django_htmx",
    "rest_framework",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "salesops.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "salesops.middleware.content_security_policy",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tenants.language.chosen_language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenants.sign_in.note_session",
    "salesops.middleware.held_rows",
]

ROOT_URLCONF = "salesops.urls"
WSGI_APPLICATION = "salesops.wsgi.application"
CSRF_FAILURE_VIEW = "salesops.errors.csrf_failure"

_LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tenants.web.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "template_partials.templatetags.partials",
                "django_htmx.templatetags.django_htmx",
                "tenants.templatetags.ui",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    _LOADERS if DEBUG else [("django.template.loaders.cached.Loader", _LOADERS)],
                )
            ],
        },
    }
]

DATABASES = {
    "default": database("DATABASE_URL", "postgres://salesops@127.0.0.1:5432/salesops"),
    "owner": database("DATABASE_OWNER_URL", "postgres://salesops_owner@127.0.0.1:5432/salesops"),
}
# Tests run as the runtime role on the database that the owner made.
DATABASES["default"]["TEST"] = {"MIRROR": "owner"}
DATABASES["owner"]["TEST"] = {
    "NAME": os.environ.get("TEST_DB_NAME") or None,
    "TEMPLATE": os.environ.get("TEST_DB_TEMPLATE") or None,
    "DEPENDENCIES": [],
}
DATABASES["owner"]["CONN_MAX_AGE"] = 0
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Tables outside the walls, by name; the catalog test fails on any other.
TABLES_OUTSIDE_THE_WALLS = frozenset(
    {
        "tenants_user",
        "tenants_organization",
        "tenants_membership",
        "jobs_wakeup",
        "account_emailaddress",
        "account_emailconfirmation",
        "mfa_authenticator",  # a person's, whatever organizations they are in
        "usersessions_usersession",
        "auth_group",
        "auth_group_permissions",
        "auth_permission",
        "django_content_type",
        "django_migrations",
        "django_session",
        "tenants_user_groups",
        "tenants_user_user_permissions",
    }
)
# What the database derives, and the function that writes it with its owner's rights: the runtime role may only read it.
WRITTEN_BY_THE_DATABASE = {"funnel_spell": "funnel_tell_what_changed"}

CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": VAR_DIR / "cache"}
    )
}

# --- People ------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["tenants.sign_in.Backend"]
SESSION_ENGINE = "tenants.sessions"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "tenants.sign_in.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "login": "tenants.forms.sign_in.SignIn",
    "signup": "tenants.forms.sign_in.SignUp",
    "reset_password": "tenants.forms.sign_in.ForgotPassword",
    "reset_password_from_key": "tenants.forms.sign_in.NewPasswordByMail",
    "change_password": "tenants.forms.sign_in.ChangePassword",
    "set_password": "tenants.forms.sign_in.SetPassword",
    "add_email": "tenants.forms.sign_in.ChangeAddress",
    "reauthenticate": "tenants.forms.sign_in.ConfirmItIsMe",
}
# With mail, a sign-up is answered by mail alone, so that nobody learns which addresses have an account. Without a
# mail server it founds the organization at once, and then has to say that an address is taken.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if os.environ.get("EMAIL_URL") else "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(BASE_URL).scheme
ACCOUNT_SESSION_REMEMBER = True
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)  # whose X-Forwarded-For the throttles believe
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60  # so long counts "it is still me"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 60 * 60
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "signup": "20/m/ip"}
ACCOUNT_RATE_LIMITS["web_form"] = "60/m/ip"  # what one address may send to web forms
MFA_ADAPTER = "tenants.sign_in.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "salesops"
MFA_TOTP_TOLERANCE = 1  # telephones whose clock is up to half a minute off; a code still counts once
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}  # nothing to guess there, and an office shares its address
MFA_FORMS = {
    "authenticate": "tenants.forms.second_factor.Code",
    "reauthenticate": "tenants.forms.second_factor.CodeAgain",
    "activate_totp": "tenants.forms.second_factor.FirstCode",
    "add_webauthn": "tenants.forms.second_factor.NewPasskey",
    "edit_webauthn": "tenants.forms.second_factor.PasskeyName",
    "authenticate_webauthn": "tenants.forms.second_factor.Passkey",
    "login_webauthn": "tenants.forms.second_factor.PasskeyAlone",
    "reauthenticate_webauthn": "tenants.forms.second_factor.PasskeyAgain",
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
_TLS = BASE_URL.startswith("https://")
SECURE_SSL_REDIRECT = _TLS and BEHIND_PROXY
SECURE_REDIRECT_EXEMPT = [r"^(health|ready)/$"]  # asked on the loopback address, without TLS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _TLS  # give salesops a name of its own: sales.example.com
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # the preload list binds a whole domain, which is not ours to promise
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)

# --- Words, time, files ------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("zh-hant", _("Traditional Chinese")), ("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "salesops.static.FingerprintedStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG  # otherwise `collectstatic` has put everything, compressed, under STATIC_ROOT
WHITENOISE_MAX_AGE = 0 if DEBUG else 300
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000


# --- Mail --------------------------------------------------------------------
def _email(url: str) -> dict[str, object]:
    """Return the mail settings of `smtp://user:password@host:587/?tls=1&from=a@b`; for "files" or nothing, files."""
    if url in ("", "files"):
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(VAR_DIR / "mail"),
            "DEFAULT_FROM_EMAIL": "salesops@localhost",
        }
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or 587,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": query.get("tls", ["1"])[0] == "1",
        "DEFAULT_FROM_EMAIL": query.get("from", ["salesops@localhost"])[0],
    }


globals().update(_email(os.environ.get("EMAIL_URL", "")))

# --- Jobs --------------------------------------------------------------------
_BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = REDIS_URL or "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {}
    if REDIS_URL
    else {
        "data_folder_in": str(_BROKER_DIR / "messages"),
        "data_folder_out": str(_BROKER_DIR / "messages"),
        "control_folder": str(_BROKER_DIR / "control"),
        "polling_interval": 0.2,
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_POOL = "prefork" if REDIS_URL else "solo"
CELERY_WORKER_CONCURRENCY = int(os.environ.get("WORKER_CONCURRENCY") or 2)
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "jobs.tasks.sweep", "schedule": 5.0},
    "nightly": {"task": "forecasting.tasks.nightly", "schedule": crontab(minute=5)},
    "purge_imports": {"task": "exchange.tasks.purge", "schedule": crontab(hour=2, minute=35)},
}

# --- API ---------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}

# --- Logs: see salesops.logs --------------------------------------------------
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
LOGGING = logging_config(
    os.environ.get("LOG_FORMAT", ""),
    os.environ.get("LOG_LEVEL", ""),
    {
        "django": "INFO",
        "django.request": "ERROR",  # a refusal is no trouble of ours
        "salesops.requests": "INFO",
        "salesops.tasks": "INFO",
        "gunicorn.error": "WARNING",
    },
)
