"""Every table of every room in one MetaData: what a database that is up to date looks like."""

from db.schema import delivery as delivery
from db.schema import goodnews as goodnews
from db.schema import notes as notes
from db.schema import staff as staff
from db.schema import subscribers as subscribers
from db.schema.base import BigId, Moment, metadata

__all__ = ["BigId", "Moment", "delivery", "goodnews", "metadata", "notes", "staff", "subscribers"]
