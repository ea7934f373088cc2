"""What the platform tells about itself: metrics, traces, logs and health."""

from vcci_platform.telemetry.install import install

__all__ = ["install"]
