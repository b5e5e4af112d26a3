"""Django's settings, all made from one `Configuration`; the environment is not read."""

from pathlib import Path

from liveinsight.core import limits
from liveinsight.dashboard.configuration import chosen

_configuration = chosen()
_here = Path(__file__).parent
_year_in_seconds = 365 * 24 * 3600

DEBUG = _configuration.debug
SECRET_KEY = _configuration.secret_key
ALLOWED_HOSTS = list(_configuration.hosts)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "liveinsight.dashboard",
]
MIDDLEWARE = [
    "liveinsight.dashboard.headers.SecureAnswers",
    "liveinsight.dashboard.share_access.Shares",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Every view needs an account, unless it says `login_not_required`, or came by a
    # shared link and says `shareable`.
    "liveinsight.dashboard.share_access.Rights",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "liveinsight.dashboard.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_here / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _configuration.database,
        "OPTIONS": {
            # The command line writes while the server runs: wait for each other,
            # and take the write lock at the start, where waiting still works.
            "timeout": 10,
            "transaction_mode": "IMMEDIATE",
            "init_command": "pragma journal_mode=wal; pragma synchronous=normal;",
        },
        # A file with several threads even in tests: streams check rights in theirs.
        "TEST": {"NAME": f"{_configuration.database}.test"},
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ko", "한국어")]
LOCALE_PATHS = [_here / "locale"]
FORMAT_MODULE_PATH = "liveinsight.dashboard.formats"
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"

LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {
        "NAME": "django.contrib.auth.password_validation"
        ".UserAttributeSimilarityValidator"
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Over plain http on loopback a Secure cookie would not come back; SecureAnswers
# makes the cookies of every single https request Secure, whatever is set here.
SESSION_COOKIE_SECURE = _configuration.https
CSRF_COOKIE_SECURE = _configuration.https
LANGUAGE_COOKIE_SECURE = _configuration.https
SESSION_COOKIE_NAME = "liveinsight_session"
CSRF_COOKIE_NAME = "liveinsight_csrf"
LANGUAGE_COOKIE_NAME = "liveinsight_language"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_SSL_REDIRECT = _configuration.https
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = _year_in_seconds if _configuration.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _configuration.https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Putting a host on the browsers' preload list is the owner's decision.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

DATA_UPLOAD_MAX_MEMORY_SIZE = limits.BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

BASE_ADDRESS = _configuration.base_address
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _configuration.mail.host
EMAIL_PORT = _configuration.mail.port
EMAIL_USE_TLS = _configuration.mail.security == "starttls"
EMAIL_USE_SSL = _configuration.mail.security == "tls"
EMAIL_HOST_USER = _configuration.mail.user
EMAIL_HOST_PASSWORD = _configuration.mail.password
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = _configuration.mail.sender

LOGGING_CONFIG = None  # log.py has set up the one formatter already
