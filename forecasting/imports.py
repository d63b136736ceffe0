"""What undoing an import takes along of this app: what the night computed about opportunities that were never meant."""

from exchange import keepers
from forecasting.models import Alert, OpportunitySnapshot

keepers.goes_along("opportunity", OpportunitySnapshot)
keepers.goes_along("opportunity", Alert)
