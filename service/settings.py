"""What an installation may set, read once from the environment and passed in; nothing else reads the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One frozen set of settings, each `SLOTWAY_...` but the database's, which hosts agree to call DATABASE_URL."""

    model_config = SettingsConfigDict(env_prefix="SLOTWAY_", frozen=True, extra="ignore")

    database_url: SecretStr = Field(validation_alias="DATABASE_URL", description="postgresql://user:password@host/name")
    environment: Literal["test", "live"] = Field("test", description="the middle of API keys: psk_test_ or psk_live_")
    public_url: str = Field(
        "http://127.0.0.1:8000", description="where clients reach the service; source of its events"
    )
    pool_size: int = Field(8, ge=1, le=200, description="database connections of one process")
    request_timeout_s: float = Field(15.0, gt=0, description="a request that takes longer gets a 503")
    body_limit_bytes: int = Field(1_048_576, ge=1024, description="a larger body gets a 413")
    key_cache_s: float = Field(
        3.0, ge=0, le=4, description="how long a known key is believed; bounds how long a revoked one lives"
    )
    signing_keys: Path | None = Field(
        None, description="the JWK set that access tokens are signed with; none: there are no tokens"
    )
    streams_per_organisation: int = Field(2000, ge=1, description="event streams of one organisation to one process")
    customs_vocabularies: dict[str, Path] = Field(
        {}, description="foreign customs systems whose words are read, by name: the file of each one's table"
    )
    webhooks_insecure: bool = Field(default=False, description="webhooks may go to http:// and to private addresses")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    drain_s: int = Field(20, ge=1, description="what is in flight at shutdown may take this long")
