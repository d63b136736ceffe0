"""Questions about a period: the numbers, by person and stage, what changed, and how good past forecasts were."""

from forecasting.queries import effects
from forecasting.queries.alerts import Told, digest_rows, flagged, mute_of, open_or_404, readers, told_of
from forecasting.queries.asking import Narrowing, narrowing
from forecasting.queries.changed import LATEST, Movement, moved, movement, seen_by, waterfall, week_before
from forecasting.queries.health import facts_of, is_being_judged, would_change
from forecasting.queries.numbers import Committed, Pace, PersonRow, StageNumbers, Summary, Uncounted, pace_of, summary
from forecasting.queries.past import GONE, NEW, MatrixCell, Stood, flowed, flows, stood, stood_rows
from forecasting.queries.rows import Totals, listed, rows, totals
from forecasting.queries.scope import SELLING, Scope, person_or_404, scope
from forecasting.queries.shape import shape_of
from forecasting.queries.snapshots import PAST_PERIODS, Course, Judged, PastPeriod, course, past
from forecasting.queries.targets import Cell, TargetGrid, TargetRow, stray_targets, target_grid, targets_of

__all__ = [
    "GONE",
    "LATEST",
    "NEW",
    "PAST_PERIODS",
    "SELLING",
    "Cell",
    "Committed",
    "Course",
    "Judged",
    "MatrixCell",
    "Movement",
    "Narrowing",
    "Pace",
    "PastPeriod",
    "PersonRow",
    "Scope",
    "StageNumbers",
    "Stood",
    "Summary",
    "TargetGrid",
    "TargetRow",
    "Told",
    "Totals",
    "Uncounted",
    "course",
    "digest_rows",
    "effects",
    "facts_of",
    "flagged",
    "flowed",
    "flows",
    "is_being_judged",
    "listed",
    "moved",
    "movement",
    "mute_of",
    "narrowing",
    "open_or_404",
    "pace_of",
    "past",
    "person_or_404",
    "readers",
    "rows",
    "scope",
    "seen_by",
    "shape_of",
    "stood",
    "stood_rows",
    "stray_targets",
    "summary",
    "target_grid",
    "targets_of",
    "told_of",
    "totals",
    "waterfall",
    "week_before",
    "would_change",
]
