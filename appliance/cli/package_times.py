"""From when to when a package goes for which nobody said so."""

from datetime import datetime

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.seen import Seen
from appliance.web.package import LONGEST


def package_times(box: Box, seen: Seen) -> tuple[datetime, datetime]:
    """The last visit; of a case the one it lies in. Raises Refused for one longer than a package may be: it names what
    to type, for nobody knows better which part is wanted.
    """
    at = seen.at
    if not seen.visits:
        raise NotFound("nothing_recorded", N_("There is nothing to put into it."), N_("Check the times."))
    visit = next((one for one in seen.visits if at and at <= one.end), seen.visits[-1])
    if visit.end - visit.start <= LONGEST:
        return visit.start, visit.end
    goes_on = any(stay.end is None for stay in visit.stays)
    start = max(visit.start, at - LONGEST / 2) if at else visit.start
    start, end = box.local(start), box.local(min(visit.end, start + LONGEST))
    raise Refused(
        "visit_too_long",
        N_("This visit began at {began} and goes on; a package covers at most {hours} hours.")
        if goes_on
        else N_("This visit is from {began} to {ended}; a package covers at most {hours} hours."),
        N_("Say which part is meant, for example: --from {start} --to {end}"),
        began=f"{box.local(visit.start):%Y-%m-%d %H:%M:%S}",
        ended=f"{box.local(visit.end):%Y-%m-%d %H:%M:%S}",
        hours=int(LONGEST.total_seconds() // 3600),
        start=f"{start:%Y-%m-%dT%H:%M:%S}",
        end=f"{end:%Y-%m-%dT%H:%M:%S}",
    )
