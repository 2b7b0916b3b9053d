"""What an agent calls: each verb is an OpenTelemetry span."""
