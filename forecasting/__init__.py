"""Will we make it? Targets, snapshots, forecast, alerts."""
