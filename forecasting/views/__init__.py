"""The pages of this app: the report and its rows, targets, alerts, limits; what changed, what stood, how it flows."""

from forecasting.views.alerts import alerts, alerts_of, mute, unmute
from forecasting.views.changes import changes, past
from forecasting.views.flow import behind, flow, flow_stages, flow_time
from forecasting.views.limits import health_effects, health_limits, judging
from forecasting.views.report import accuracy, compute, forecast, rows, set_target, strip, targets
from forecasting.views.shape import shape

__all__ = [
    "accuracy",
    "alerts",
    "alerts_of",
    "behind",
    "changes",
    "compute",
    "flow",
    "flow_stages",
    "flow_time",
    "forecast",
    "health_effects",
    "health_limits",
    "judging",
    "mute",
    "past",
    "rows",
    "set_target",
    "shape",
    "strip",
    "targets",
    "unmute",
]
