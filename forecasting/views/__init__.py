"""The pages of this app: the report and its rows, targets and alerts; what changed, what stood, how it flows."""

from forecasting.views.flow import behind, changes, flow, flow_stages, flow_time, past
from forecasting.views.report import accuracy, alerts, compute, forecast, rows, set_target, strip, targets

__all__ = [
    "accuracy",
    "alerts",
    "behind",
    "changes",
    "compute",
    "flow",
    "flow_stages",
    "flow_time",
    "forecast",
    "past",
    "rows",
    "set_target",
    "strip",
    "targets",
]
