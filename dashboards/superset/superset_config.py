"""Superset's configuration: this machine only, no word to the outside, state in HABITUE_HOME."""

import os
import secrets
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["HABITUE_HOME"]) / "superset"


def kept_secret(name: str) -> str:
    """A random text that is made once and kept in a file only its owner reads."""
    file = FOLDER / name
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text := secrets.token_urlsafe(32))
    return text


# It also encrypts the database password that Superset keeps.
SECRET_KEY = kept_secret("secret_key")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{FOLDER / 'superset.db'}"

# A browser loads nothing from elsewhere: no counting pixel, map tiles or web fonts.
TALISMAN_CONFIG: dict[str, Any] = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
ENABLE_CORS = False
# Charts ask the database each time: what was just published shows at the next look.
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
RATELIMIT_STORAGE_URI = "memory://"
