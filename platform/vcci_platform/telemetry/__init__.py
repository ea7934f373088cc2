"""What the platform tells about itself: metrics, traces, logs and health."""
