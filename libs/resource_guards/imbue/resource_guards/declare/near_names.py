"""Names that are hardly meant for a program: something that comes ready is called so, too."""

from __future__ import annotations

from typing import Final

OTHER_NAMES: Final = {
    "amqp": "rabbitmq",
    "elastic": "elasticsearch",
    "gemini": "google_genai",
    "google": "gcp",
    "k8s": "kubernetes",
    "mariadb": "mysql",
    "mongo": "mongodb",
    "opensearch": "elasticsearch",
    "pg": "postgres",
    "postgre": "postgres",
    "pgsql": "postgres",
    "playwright": "browser",
    "postgresql": "postgres",
    "psycopg": "postgres",
    "psycopg2": "postgres",
    "pymongo": "mongodb",
    "rabbit": "rabbitmq",
    "selenium": "browser",
    "valkey": "redis",
}
"""What resources of the catalogue are called besides. Some are programs, too, on some machines: which of both is meant
must not depend on the machine."""
