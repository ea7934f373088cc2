"""Every environment variable, typed, read once at the edge and handed down."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from vcci_platform.asking.access import Access, header_of

__all__ = ["Settings", "environment"]


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
    operator_token: SecretStr | None = Field(
        default=None,
        alias="VCCI_OPERATOR_TOKEN",
        description="With it the desk asks the service which tenants a fault touched; embedded, made once and kept",
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
    engine_seconds: float = Field(
        default=20.0,
        gt=0,
        le=600,
        alias="VCCI_ENGINE_SECONDS",
        description="How long the engine works on one posted spec",
    )
    engine_memory_mib: int = Field(
        default=1024, ge=256, alias="VCCI_ENGINE_MEMORY_MIB", description="How much memory one posted spec may take"
    )
    engine_workers: int = Field(
        default=2, ge=1, le=64, alias="VCCI_ENGINE_WORKERS", description="How many posted specs are worked on at once"
    )
    engine_waiting: int = Field(
        default=8, ge=0, le=1000, alias="VCCI_ENGINE_WAITING", description="How many more may wait for a worker"
    )
    faults_enabled: bool = Field(
        default=False, alias="VCCI_FAULTS", description="Allow injected faults in the request path; demonstrations only"
    )

    # The desk
    desk_port: int = Field(default=8010, ge=0, le=65535, alias="VCCI_DESK_PORT")
    desk_url: str = Field(default="", alias="VCCI_DESK_URL")
    desk_token: SecretStr | None = Field(
        default=None,
        alias="VCCI_DESK_TOKEN",
        description="Whose it is asks the desk in a command; `vcci desk people add` makes one",
    )
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
    hook_token_file: Path | None = Field(
        default=None,
        alias="DESK_HOOK_TOKEN_FILE",
        description="Tokens of that webhook, one a line, read again when the file changes: renewed without a restart",
    )
    hook_tls_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        alias="VCCI_DESK_HOOK_TLS_PORT",
        description="Serve the hooks over TLS here as well, to clients with a certificate, which stands for the token",
    )
    hook_tls_cert_file: Path | None = Field(
        default=None, alias="DESK_HOOK_TLS_CERT_FILE", description="What that port shows: a certificate chain in PEM"
    )
    hook_tls_key_file: Path | None = Field(default=None, alias="DESK_HOOK_TLS_KEY_FILE")
    hook_client_ca_file: Path | None = Field(
        default=None, alias="DESK_HOOK_CLIENT_CA_FILE", description="Who signs the clients' certificates, in PEM"
    )
    hook_client_names: str = Field(
        default="",
        alias="DESK_HOOK_CLIENT_NAMES",
        description="Names in the certificates that may speak, separated by commas; unset, all that are signed",
    )
    prometheus_url: str | None = Field(
        default=None,
        alias="PROMETHEUS_URL",
        description="Set: Prometheus is the source of SLIs and Alertmanager the pager",
    )
    prometheus_token: SecretStr | None = Field(
        default=None, alias="PROMETHEUS_TOKEN", description="Bearer token with which Prometheus is asked"
    )
    prometheus_user: str = Field(default="", alias="PROMETHEUS_USER", description="User of basic authentication")
    prometheus_password: SecretStr | None = Field(default=None, alias="PROMETHEUS_PASSWORD")
    prometheus_headers: SecretStr | None = Field(
        default=None,
        alias="PROMETHEUS_HEADERS",
        description="Sent with each question to Prometheus: 'Name: value', one a line",
    )
    prometheus_ca_file: Path | None = Field(
        default=None, alias="PROMETHEUS_CA_FILE", description="Authorities to trust, in PEM, instead of the machine's"
    )
    prometheus_insecure: bool = Field(
        default=False, alias="PROMETHEUS_INSECURE", description="Trust whoever answers at the address of Prometheus"
    )
    prometheus_proxy: SecretStr | None = Field(
        default=None, alias="PROMETHEUS_PROXY", description="Proxy to Prometheus; those of the machine are not used"
    )
    alertmanager_url: str | None = Field(default=None, alias="ALERTMANAGER_URL")
    alertmanager_token: SecretStr | None = Field(
        default=None, alias="ALERTMANAGER_TOKEN", description="Bearer token with which Alertmanager is asked"
    )
    alertmanager_user: str = Field(default="", alias="ALERTMANAGER_USER", description="User of basic authentication")
    alertmanager_password: SecretStr | None = Field(default=None, alias="ALERTMANAGER_PASSWORD")
    alertmanager_headers: SecretStr | None = Field(
        default=None,
        alias="ALERTMANAGER_HEADERS",
        description="Sent with each question to Alertmanager: 'Name: value', one a line",
    )
    alertmanager_ca_file: Path | None = Field(
        default=None, alias="ALERTMANAGER_CA_FILE", description="Authorities to trust, in PEM, instead of the machine's"
    )
    alertmanager_insecure: bool = Field(
        default=False, alias="ALERTMANAGER_INSECURE", description="Trust whoever answers at the address of Alertmanager"
    )
    alertmanager_proxy: SecretStr | None = Field(
        default=None, alias="ALERTMANAGER_PROXY", description="Proxy to Alertmanager; those of the machine are not used"
    )
    heartbeat_url: SecretStr | None = Field(default=None, alias="HEARTBEAT_URL")

    # The vendors; unset, the sandbox stands in for them
    sandbox_port: int = Field(default=8020, ge=0, le=65535, alias="VCCI_SANDBOX_PORT")
    sandbox_tls_port: int = Field(default=8021, ge=0, le=65535, alias="VCCI_SANDBOX_TLS_PORT")
    sandbox_smtp_port: int | None = Field(default=None, ge=0, le=65535, alias="VCCI_SANDBOX_SMTP_PORT")
    sandbox_webhook_url: str | None = Field(default=None, alias="VCCI_SANDBOX_WEBHOOK_URL")
    pagerduty_routing_key: SecretStr | None = Field(default=None, alias="PAGERDUTY_ROUTING_KEY")
    pagerduty_second_routing_key: SecretStr | None = Field(
        default=None,
        alias="PAGERDUTY_SECOND_ROUTING_KEY",
        description="Another service's key, for a page that the first does not take within a minute",
    )
    pagerduty_webhook_secrets: SecretStr | None = Field(
        default=None,
        alias="PAGERDUTY_WEBHOOK_SECRETS",
        description="Secrets of PagerDuty's webhook subscriptions, separated by commas; several while one is renewed. "
        "Those that `vcci pagerduty apply` keeps under the home count too, without a restart",
    )
    pagerduty_events_url: str = Field(default="https://events.pagerduty.com", alias="PAGERDUTY_EVENTS_URL")
    pagerduty_ca_file: Path | None = Field(default=None, alias="PAGERDUTY_CA_FILE")
    pagerduty_api_token: SecretStr | None = Field(
        default=None, alias="PAGERDUTY_API_TOKEN", description="Key of the REST API, for notes, rosters and policies"
    )
    pagerduty_api_url: str = Field(default="https://api.pagerduty.com", alias="PAGERDUTY_API_URL")
    pagerduty_from: str = Field(
        default="", alias="PAGERDUTY_FROM", description="Mail address of the PagerDuty user in whose name the desk acts"
    )
    statuspage_url: str = Field(default="https://api.statuspage.io", alias="STATUSPAGE_URL")
    statuspage_api_key: SecretStr | None = Field(default=None, alias="STATUSPAGE_API_KEY")
    statuspage_page: str | None = Field(default=None, alias="STATUSPAGE_PAGE")
    slack_webhook_url: SecretStr | None = Field(default=None, alias="SLACK_WEBHOOK_URL")
    slack_bot_token: SecretStr | None = Field(
        default=None,
        alias="SLACK_BOT_TOKEN",
        description="A bot's token: messages go to the spec's channels, and what follows into threads",
    )
    slack_api_url: str = Field(default="https://slack.com", alias="SLACK_API_URL")
    slack_channel: str = Field(
        default="", alias="SLACK_CHANNEL", description="Where the bot writes when it cannot reach a channel of the spec"
    )
    smtp_url: SecretStr | None = Field(
        default=None, alias="SMTP_URL", description="Mail server, such as smtp://user:password@host:587"
    )
    mail_from: str = Field(default="vcci-desk@localhost", alias="MAIL_FROM")

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
    def prometheus_access(self) -> Access:
        """How we introduce ourselves to Prometheus. Raises WrongAccess for what cannot be used."""
        return Access(
            token=self.prometheus_token,
            user=self.prometheus_user,
            password=self.prometheus_password,
            headers=_headers("PROMETHEUS_HEADERS", self.prometheus_headers),
            ca_file=self.prometheus_ca_file,
            insecure=self.prometheus_insecure,
            proxy=self.prometheus_proxy,
        )

    @property
    def alertmanager_access(self) -> Access:
        """How we introduce ourselves to Alertmanager. Raises WrongAccess for what cannot be used."""
        return Access(
            token=self.alertmanager_token,
            user=self.alertmanager_user,
            password=self.alertmanager_password,
            headers=_headers("ALERTMANAGER_HEADERS", self.alertmanager_headers),
            ca_file=self.alertmanager_ca_file,
            insecure=self.alertmanager_insecure,
            proxy=self.alertmanager_proxy,
        )

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


def environment(names: Iterable[str]) -> dict[str, str]:
    """Return the values of variables that the spec names, such as `$PD_PRIMARY`; unset ones are absent."""
    return {name: value for name in names if (value := os.environ.get(name.removeprefix("$"), "").strip())}


def _headers(variable: str, text: SecretStr | None) -> tuple[tuple[str, SecretStr], ...]:
    lines = [line for line in (text.get_secret_value() if text else "").splitlines() if line.strip()]
    return tuple(header_of(line, f"{variable}, line {number}") for number, line in enumerate(lines, start=1))
