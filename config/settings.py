"""All settings, in one module, read from the environment. docs/settings.md lists every variable."""

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.env import env, folder, one_of, required, secret_key

BASE_DIR = Path(__file__).resolve().parent.parent

# --- what kind of installation ------------------------------------------------------------------------------

DEVTOOLS = env.bool("DEVTOOLS", default=False)
"""Development only: the demo clinic, the page of caught messages. Never on in production."""
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = secret_key(development=DEVTOOLS)
PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- applications -------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "web",  # before allauth: its pages of signing in are ours
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "drf_spectacular",
    "core",
    "clinics",
    "scheduler",
    "treatments",
    "notifications",
    "api",
    *(["devtools"] if DEVTOOLS else []),
]

MIDDLEWARE = [
    "config.routes.named",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "web.locking.closed",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- data ---------------------------------------------------------------------------------------------------

required("DATABASE_URL", hint="Set it to a PostgreSQL 15 or newer, or run `make demo`, which brings its own.")
DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL"),
        "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://localhost:6379/0")
CACHE_URL = env.str("CACHE_URL", default="")
CACHES = {
    "default": {"BACKEND": "core.caches.RedisCache", "LOCATION": CACHE_URL}
    if CACHE_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
"""What the last press did names a patient: kept on the server, not in a cookie."""

# --- people and access --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "clinics.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "web.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True

SECURE_COOKIES = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_NAME = "__Host-session" if SECURE_COOKIES else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_COOKIES else "csrf"
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", default=12) * 3600
LOCK_MINUTES = env.int("LOCK_MINUTES", default=15)
"""A screen that nobody used for so long is locked; 0: never."""
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = SECURE_COOKIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- audit --------------------------------------------------------------------------------------------------

PGHISTORY_APPEND_ONLY = True
PGHISTORY_ADMIN_CLASS = None

# --- operators ----------------------------------------------------------------------------------------------

OPERATIONS_TOKEN = env.str("OPERATIONS_TOKEN", default="")
if OPERATIONS_TOKEN and len(OPERATIONS_TOKEN) < 20:
    raise ImproperlyConfigured("OPERATIONS_TOKEN is too short: use 20 or more random characters.")
OPERATIONS_LOOPBACK = env.bool("OPERATIONS_LOOPBACK", default=False)
"""Whether /statusz and /metrics answer to this machine; never with a proxy on it, behind which everybody seems to be it."""

# --- API ----------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.HasPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.CursorPagination",
    "DEFAULT_SCHEMA_CLASS": "api.schema.Schema",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "api.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Courseline",
    "DESCRIPTION": "Books whole courses of treatment and keeps them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AppointmentStatus": "scheduler.models.Status",
        "AppointmentNextStatus": "api.v1.serializers.appointments.NEXT",
        "CourseStatus": "treatments.models.CourseStatus",
        "VisitStatus": "treatments.models.VisitStatus",
        "Channel": "notifications.engine.states.Channel.choices",
        "WrittenChannel": "api.v1.serializers.messages.WRITTEN",
        "MessageState": "notifications.engine.states.State.choices",
        "ResourceKind": "scheduler.models.Kind",
        "JobState": "treatments.models.planning_job.JobState",
        "DecisionState": "treatments.queries.decisions.DecisionState",
        "HandoverState": "treatments.models.HandoverState",
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

# --- messages -----------------------------------------------------------------------------------------------

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="smtp://localhost:1025")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
EMAIL_PROVIDER = one_of("EMAIL_PROVIDER", choices=("smtp", "brevo", "mailgun", "postmark", "resend", "sendgrid"))
"""Who carries e-mail: the server of ``EMAIL_URL``, or a hosted provider over HTTP."""
ANYMAIL: dict[str, object] = {"REQUESTS_TIMEOUT": (5, 10)}
if EMAIL_PROVIDER != "smtp":
    EMAIL_PROVIDER_KEY = required("EMAIL_PROVIDER_KEY", hint="A hosted e-mail provider needs its key or token.")
    ANYMAIL |= {
        f"{EMAIL_PROVIDER.upper()}_API_KEY": EMAIL_PROVIDER_KEY,
        "POSTMARK_SERVER_TOKEN": EMAIL_PROVIDER_KEY,
        "MAILGUN_SENDER_DOMAIN": env.str("EMAIL_PROVIDER_DOMAIN", default="") or None,
    }
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="appointments@localhost")
TEXTS_OVER = one_of("TEXTS_OVER", choices=("none", "sms", "webhook"))
"""How text messages are sent: not at all, over Twilio, or over a service of the clinic's own."""
SMS_SENDER = env.str("SMS_SENDER", default="")
TWILIO_URL = env.str("TWILIO_URL", default="https://api.twilio.com").rstrip("/")
TWILIO_ACCOUNT = TWILIO_TOKEN = SMS_WEBHOOK_URL = SMS_WEBHOOK_SECRET = ""
if TEXTS_OVER == "sms":
    TWILIO_ACCOUNT = required("TWILIO_ACCOUNT", hint="Texts over Twilio need the account's id.")
    TWILIO_TOKEN = required("TWILIO_TOKEN", hint="Texts over Twilio need the account's token.")
if TEXTS_OVER == "webhook":
    SMS_WEBHOOK_URL = required("SMS_WEBHOOK_URL", hint="Set it to the address of the service that takes texts.")
    SMS_WEBHOOK_SECRET = required("SMS_WEBHOOK_SECRET", hint="Set it to 32 or more random characters.")
PLAN_HOLD_SECONDS = env.int("PLAN_HOLD_SECONDS", default=180)
"""How long what is said about a booking or change waits, so that an undo stays silent."""
TEXTS_PER_DAY = env.int("TEXTS_PER_DAY", default=1)
TEXTS_PER_WEEK = env.int("TEXTS_PER_WEEK", default=3)
"""How many texts a patient gets at most on a day and in seven days. Changes and cancellations go out beyond that."""
PATIENTS_MOVE = one_of("PATIENTS_MOVE", choices=("book", "request"))
"""What choosing another time on a patient's page does: it moves the visit at once, or asks the desk to."""
UNANSWERED = one_of("UNANSWERED", choices=("repeat", "hold"))
"""What becomes of a message whose provider did not answer, and can neither be asked nor recognise it."""
RESTORE_MARKER = Path(marker) if (marker := env.str("RESTORE_MARKER", default="")) else None
"""A file outside the database by which dispatchers notice that it was restored."""
MESSAGE_SINK_DIR = folder("MESSAGE_SINK_DIR", default=BASE_DIR / "var" / "messages")
"""Where the development mail sink keeps what it caught."""

# --- language and time --------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
PHONENUMBER_DEFAULT_REGION = env.str("PHONE_REGION", default="US")

# --- static files -------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
# in development the files are served from where they lie
STATIC_ROOT = None if DEVTOOLS else folder("STATIC_ROOT", default=BASE_DIR / "var" / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVTOOLS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEVTOOLS

# --- logs ---------------------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING_CONFIG = "config.logging.configure"
LOGGING = {"level": LOG_LEVEL, "plain": DEVTOOLS}
