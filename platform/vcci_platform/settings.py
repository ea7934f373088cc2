"""Every environment variable, typed, read once at the edge and handed down."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """What the environment decides. Without any variable the platform runs embedded, on loopback, under `.vcci/`."""

    # In code a field goes by its name; in the environment a bare name would be somebody else's, such as HOME or HOST.
    model_config = SettingsConfigDict(populate_by_name=True, env_prefix="VCCI_", extra="ignore", frozen=False)

    home: Path = Field(
        default=Path(".vcci"), alias="VCCI_HOME", description="Folder of the embedded mode: databases, files, keys"
    )
    spec: Path | None = Field(default=None, alias="VCCI_SPEC", description="The spec; unset, the one that is shipped")
    time_scale: float = Field(
        default=1.0,
        ge=1,
        le=1000,
        alias="VCCI_TIME_SCALE",
        description="How many times faster clocks run; demonstrations only",
    )

    # The service
    host: str = Field(default="127.0.0.1", alias="VCCI_HOST")
    api_port: int = Field(default=8000, ge=0, le=65535, alias="VCCI_API_PORT")
    api_url: str = Field(
        default="", alias="VCCI_API_URL", description="Where the service answers; unset, loopback at its port"
    )
    database_url: SecretStr = Field(
        default=SecretStr(""), alias="DATABASE_URL", description="Unset: SQLite under the home folder"
    )
    database_pool_size: int = Field(default=20, ge=1, alias="DATABASE_POOL_SIZE")
    database_pool_max_overflow: int = Field(default=10, ge=0, alias="DATABASE_POOL_MAX_OVERFLOW")
    broker_url: SecretStr = Field(
        default=SecretStr("memory://"), alias="BROKER_URL", description="memory:// runs the worker inside the service"
    )
    redis_url: SecretStr | None = Field(default=None, alias="REDIS_URL")
    files_url: str = Field(
        default="", alias="FILES_URL", description="Folder or s3://bucket for uploads; unset, under the home folder"
    )
    api_key_pepper: SecretStr | None = Field(
        default=None,
        alias="API_KEY_PEPPER",
        description="Secret of the API key digests; embedded, made once and kept under the home folder",
    )
    max_upload_bytes: int = Field(default=100 * 1024 * 1024, alias="MAX_UPLOAD_BYTES")
    requests_per_minute: int = Field(
        default=6000,
        ge=0,
        alias="VCCI_REQUESTS_PER_MINUTE",
        description="How often one API key may ask; 0 for no limit",
    )
    worker_port: int = Field(
        default=8001,
        alias="VCCI_WORKER_PORT",
        description="Where a worker or scheduler process of its own shows its metrics",
    )
    faults_enabled: bool = Field(
        default=False, alias="VCCI_FAULTS", description="Allow injected faults in the request path; demonstrations only"
    )

    # The desk
    desk_port: int = Field(default=8010, ge=0, le=65535, alias="VCCI_DESK_PORT")
    desk_url: str = Field(default="", alias="VCCI_DESK_URL")
    incident_database_url: SecretStr = Field(
        default=SecretStr(""),
        alias="INCIDENT_DATABASE_URL",
        description="Unset: its own SQLite file under the home folder",
    )
    hook_token: SecretStr | None = Field(
        default=None,
        alias="DESK_HOOK_TOKEN",
        description="Bearer token of the Alertmanager webhook; embedded, made once and kept",
    )
    prometheus_url: str | None = Field(
        default=None,
        alias="PROMETHEUS_URL",
        description="Set: Prometheus is the source of SLIs and Alertmanager the pager",
    )
    alertmanager_url: str | None = Field(default=None, alias="ALERTMANAGER_URL")
    heartbeat_url: SecretStr | None = Field(default=None, alias="HEARTBEAT_URL")

    # The vendors; unset, the sandbox stands in for them
    sandbox_port: int = Field(default=8020, ge=0, le=65535, alias="VCCI_SANDBOX_PORT")
    sandbox_tls_port: int = Field(default=8021, ge=0, le=65535, alias="VCCI_SANDBOX_TLS_PORT")
    pagerduty_routing_key: SecretStr | None = Field(default=None, alias="PAGERDUTY_ROUTING_KEY")
    pagerduty_events_url: str = Field(default="https://events.pagerduty.com", alias="PAGERDUTY_EVENTS_URL")
    pagerduty_ca_file: Path | None = Field(default=None, alias="PAGERDUTY_CA_FILE")
    statuspage_url: str = Field(default="https://api.statuspage.io", alias="STATUSPAGE_URL")
    statuspage_api_key: SecretStr | None = Field(default=None, alias="STATUSPAGE_API_KEY")
    statuspage_page: str | None = Field(default=None, alias="STATUSPAGE_PAGE")
    slack_webhook_url: SecretStr | None = Field(default=None, alias="SLACK_WEBHOOK_URL")

    # Telemetry
    otlp_endpoint: str | None = Field(default=None, alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    trace_ratio: float = Field(default=0.01, ge=0, le=1, alias="OTEL_TRACES_SAMPLER_ARG")
    log_level: str = Field(default="INFO", alias="VCCI_LOG_LEVEL")

    # What people open
    runbooks_port: int = Field(default=8030, ge=0, le=65535, alias="VCCI_RUNBOOKS_PORT")
    runbooks_url: str | None = Field(
        default=None, alias="VCCI_RUNBOOKS_URL", description="Overrides links.runbooks of the spec"
    )
    grafana_url: str | None = Field(
        default=None, alias="VCCI_GRAFANA_URL", description="Overrides links.grafana of the spec"
    )

    @cached_property
    def service_database(self) -> str:
        """The URL of the service's database, with its secrets."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.home / 'service.db'}"

    @cached_property
    def incident_database(self) -> str:
        """The URL of the desk's own database, with its secrets."""
        return self.incident_database_url.get_secret_value() or f"sqlite:///{self.home / 'desk.db'}"

    @property
    def embedded_worker(self) -> bool:
        """Whether jobs run inside the service's process."""
        return self.broker_url.get_secret_value().startswith("memory://")

    @property
    def service_at(self) -> str:
        """Where the service answers."""
        return self.api_url or f"http://{self.host}:{self.api_port}"

    @property
    def desk_at(self) -> str:
        """Where the desk answers."""
        return self.desk_url or f"http://{self.host}:{self.desk_port}"
