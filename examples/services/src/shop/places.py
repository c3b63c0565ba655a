"""Where the services are."""

from __future__ import annotations

import os

DATABASE = os.environ.get("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")
RATES = os.environ.get("RATES_URL", "http://127.0.0.1:8080")
